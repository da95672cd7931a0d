"""Models: the images that make and serve them, the pipeline that trains them, the registry that keeps them."""
