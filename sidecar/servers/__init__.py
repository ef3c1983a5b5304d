"""The doors of the desk: HTTP and WebSocket. They read reports and hand in commands; they decide nothing."""
