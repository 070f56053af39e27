"""EfficientNet-Lite0 of the package efficientnet-lite-pytorch, for fine-tuning at 96 pixels."""

from efficientnet_lite_pytorch import EfficientNet

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class EfficientNetLite(EfficientNet):
    """Takes images as `normalize: imagenet` gives them, float32 [n, 3, height, width]."""

    def forward(self, images):
        mean, std = (images.new_tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        # The package's weights were trained on (value - 127) / 128, of values from 0 to 255.
        return super().forward(((images * std + mean) * 255 - 127) / 128)


def efficientnet_lite0(n_classes, image_size):
    """image_size: height and width in pixels, from which the package derives its padding."""
    return EfficientNetLite.from_name(
        "efficientnet-lite0", num_classes=n_classes, image_size=image_size
    )
