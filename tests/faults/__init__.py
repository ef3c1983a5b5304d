"""Faults of the machine under the running desk: killed, stopped, out of disk, its files torn, its clock moved."""
