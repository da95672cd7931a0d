"""The inference service (S5): a model package and its contract behind HTTP, on SageMaker, Fargate and a laptop alike.

Raw ASGI on uvicorn (uvloop, httptools), rows decoded by msgspec into types made from the contract, features from the
one definition in `workloads.features`. `python -m workloads.inference --model-dir DIR` serves a package directory.
"""
