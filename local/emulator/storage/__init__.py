"""Corrections of moto's S3 where the platform's bucket policies meet it."""
