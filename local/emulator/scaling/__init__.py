"""Application Auto Scaling: policies that act on what their alarms see."""
