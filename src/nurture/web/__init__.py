"""The pages: tracking and unsubscribing for everybody, the inbox and the dashboard for the workspace."""
