"""Servers that say the same to all: ours and its peers, each a process of its own.

``python -m bench.peers.FILE PORT RATE BYTES [WAY]`` serves for ever: so many frames a second, of about so many bytes,
each with the nanoseconds of its making in ``"t":``. It begins to speak at SIGUSR2, once its readers are there.
"""
