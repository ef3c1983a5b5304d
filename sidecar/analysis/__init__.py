"""Questions about the newest report that need arithmetic. Nothing here changes the desk or makes it wait."""
