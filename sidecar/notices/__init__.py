"""Notices: what leaves the desk for people's pockets. The journal is the outbox; a thread a channel empties it."""
