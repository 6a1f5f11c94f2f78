"""The user that every local stack has, so that there is somebody to sign in as."""

DEMO_EMAIL, DEMO_PASSWORD = "demo@example.com", "Demo-1234"
