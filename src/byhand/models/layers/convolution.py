"""Convolution."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Parameter, Shape


@dataclass(frozen=True)
class Conv2d(Layer):
    """Cross-correlate with `channels` kernels ``W (kernel, kernel, C, channels)`` and add ``b``."""

    file = "convolution"
    channels: int = 0
    kernel: int = 0
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        self._at_least(1, channels=self.channels, kernel=self.kernel, stride=self.stride)
        self._at_least(0, padding=self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, _ = self._maps(shape)
        if min(height, width) + 2 * self.padding < self.kernel:
            raise ByhandError(
                f"Conv2d has a {self.kernel}x{self.kernel} kernel for maps of {shape}; use a smaller one.",
                code="layer.wrong_shape",
            )
        across = [(side + 2 * self.padding - self.kernel) // self.stride + 1 for side in (height, width)]
        return (*across, self.channels)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        channels = self._maps(shape)[2]
        area = self.kernel**2
        fan_in, fan_out = area * channels, area * self.channels
        kernels = (self.kernel, self.kernel, channels, self.channels)
        return (
            Parameter("W", kernels, fan_in, fan_out, torch_fan=fan_in),
            Parameter("b", (self.channels,), torch_fan=fan_in, start=(0.0,)),
        )

    def title(self) -> str:
        more = f", stride {self.stride}" if self.stride > 1 else ""
        more += f", pad {self.padding}" if self.padding else ""
        return f"Conv2d({self.channels}, {self.kernel}x{self.kernel}{more})"
