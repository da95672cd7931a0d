"""Serving: from the release record to a live endpoint. `plan` decides, `realtime` creates."""
