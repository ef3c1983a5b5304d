"""Risk: how much the book holds, how much it may hold, the breaker, and the gate before every order. Pure."""
