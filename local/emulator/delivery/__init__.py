"""From one service to another: SNS, EventBridge, S3 notifications, Lambda; and the log of it."""
