"""The code that runs inside the platform: in containers, in Lambdas, on Spark and on a laptop alike."""
