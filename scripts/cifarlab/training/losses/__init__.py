"""What is minimised. The Settings of a loss, a LossSettings, have build().

It returns a function of logits, float [n, n_classes], and labels, int64 [n], to the mean loss of
the n images, a 0-d tensor. A mean: parts of a batch are weighted by their images and summed. One
that `takes_soft_targets` also takes float [n, n_classes] for labels, shares that sum to 1.
"""

from cifarlab.training.parts import modules_in

LOSSES = modules_in(__name__, __path__)
