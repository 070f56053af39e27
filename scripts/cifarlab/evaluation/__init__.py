"""Predictions of a trained model on the test split, and the metrics that follow from them."""
