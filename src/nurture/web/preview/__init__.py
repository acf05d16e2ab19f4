"""The preview page: the workspace's messages on this machine, looked at while they are written."""
