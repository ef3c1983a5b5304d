"""Models beside the desk: trained in the open, kept with their proofs, scored on what they said beforehand."""
