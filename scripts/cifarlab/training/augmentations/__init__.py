"""What is done to images of a training batch before a model sees them, for a whole batch at once.

The Settings of an augmentation, an AugmentationSettings, have build(draws, n_images): draws: Draws;
n_images: of the training split. It returns a function of images, uint8 [n, height, width, 3],
their places in the split, int64 [n] on the same device, and the epoch, from 0, to images like
them. One that `mixes` is called after all others and takes float32 images alone; it returns mixed
ones, and the share of each image's own label. The other share is of the label of the image before
it in the batch.

All that is random comes from `draws`. Nothing is done per image in Python, and nothing is read
from the device.
"""

from cifarlab.training.parts import modules_in

AUGMENTATIONS = modules_in(__name__, __path__)
