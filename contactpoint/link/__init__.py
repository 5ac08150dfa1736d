"""WebSockets between States: dial a gateway and put or take, or serve a gateway's own sessions."""
