"""The command line: one file a command, one table that lists them. Exit 0 done, 1 failed, 2 wrong usage."""
