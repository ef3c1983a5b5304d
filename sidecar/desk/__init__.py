"""The one writer: events go in, one function changes the state, one immutable report comes out."""
