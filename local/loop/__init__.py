"""The loop of L1 on one machine: deploy, deliver, train, release, predict, drift, retrain, roll back (see `story`)."""
