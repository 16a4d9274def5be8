# ruff: noqa: ISC004 - a part is lines of text
"""More than fifty bad parts, each with the check that finds it and the sentence that is said of it."""

from __future__ import annotations

HEAD = """import math, random, time, torch, numpy as np
from torch import nn
from ablations.config.parts import register
from ablations.data import Dataset
from ablations.parts.losses import Halves
mean = lambda d: d
"""
LINES = HEAD.count("\n")


def module(body: str, init: str = "pass") -> str:
    """A discriminator whose `forward` has this body: on line LINES + 6."""
    return (
        "class Bad(nn.Module):\n"
        "    def __init__(self, shape):\n"
        "        super().__init__(); self.line = nn.Linear(math.prod(shape), 1)\n"
        f"        {init}\n"
        "    def forward(self, x):\n"
        f"        {body}\n"
        'register("discriminator", "bad", Bad)\n'
    )


def loss(on_real: str, more: str = "") -> str:
    return f'register("loss", "bad", Halves({on_real}, lambda d: d{more}), outputs=("logits",))\n'


def extractor(look: str, facts: str = "") -> str:
    return f'register("extractor", "bad", lambda: {look}{facts})\n'


FORWARD, FIRST = LINES + 6, LINES + 1
SCORE = "self.line(x.flatten(1))"
MODULES: dict[str, tuple[str, str, str]] = {
    "wrong shape": (module("return x.flatten(1)"), "builds", rf"line {FIRST}: .*shape \(4, 784\) for a batch of 4"),
    "no tensor": (module("return None"), "builds", r"forward must give a tensor, not NoneType$"),
    "a tuple": (module(f"return {SCORE}, 1"), "builds", r"must give a tensor, not tuple$"),
    "whole numbers": (module(f"return {SCORE}.argmax(1)"), "builds", r"gives torch.int64, not floats$"),
    "detached": (module(f"return {SCORE}.detach()"), "builds", r"has no gradient: it is detached"),
    "an input that is not read": (
        module("return self.line(torch.ones_like(x).flatten(1))"),
        "builds", rf"line {FIRST}: the discriminator 'bad': what it gives does not depend on its input$",
    ),
    "a generator that reads no latents": (
        "class Bad(nn.Module):\n"
        "    def __init__(self, shape):\n"
        "        super().__init__(); self.image = nn.Parameter(torch.zeros(math.prod(shape)))\n"
        "    def forward(self, z): return self.image.expand(len(z), -1)\n"
        'register("generator", "bad", Bad)\n',
        "builds", rf"line {FIRST}: the generator 'bad': its images do not depend on its input$",
    ),
    "shapes that do not match": (
        module("return self.line(x)"), "builds", rf"line {FORWARD}: RuntimeError: mat1 and mat2 shapes",
    ),
    "nan gradient": (
        module(f"return {SCORE} + (0 * {SCORE}).sqrt()"),
        "trains", rf"line {FIRST}: a loss or a gradient is not finite",
    ),
    "infinite at once": (module(f"return {SCORE} / 0"), "trains", r"not finite at step 1"),
    "state in an attribute": (
        module(f"self.count += 1; return {SCORE} * self.count", "self.count = 0"),
        "builds", r"keeps state in self.count, .*register_buffer",
    ),
    "a tensor in an attribute": (
        module(f"self.seen = x.mean().item(); return {SCORE}", "self.seen = 0.0"), "builds", r"state in self.seen",
    ),
    "an exception in step 7": (
        module(
            f"self.n += self.training; assert self.n < 13, 'seventh'; return {SCORE}",
            "self.register_buffer('n', torch.zeros(()))",
        ),
        "trains", rf"line {FORWARD}: AssertionError: seventh",
    ),
    "a clock": (
        module(f"return {SCORE} * (time.perf_counter_ns() % 1000)"), "deterministic", r"differs from step 1 on",
    ),
    "its own generator": (
        module(f"return {SCORE} * self.rng.random()", "self.rng = np.random.default_rng()"),
        "deterministic", r"the same run twice differs",
    ),
    "layers in a plain list": (
        module(f"return {SCORE} + self.more[0](x.flatten(1))", "self.more = [nn.Linear(math.prod(shape), 1)]"),
        "builds", rf"line {FIRST}: .*keeps layers in self\.more, a plain list, .*nn\.ModuleList",
    ),
    "parameters in a dictionary": (
        module(f"return {SCORE} * self.more['a']", "self.more = {'a': nn.Parameter(torch.ones(()))}"),
        "builds", r"keeps layers in self\.more, a plain dict, .*nn\.ParameterDict",
    ),
    "one seed for all": (
        module(f"return {SCORE}", "torch.manual_seed(42); self.line.reset_parameters()"),
        "builds", r"the same initial weights for every seed: .*torch\.manual_seed",
    ),
    "no module": ("def bad(shape): return 3\n" + 'register("discriminator", "bad", bad)\n', "builds", "gives a int"),
    "the same module twice": (
        "one = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))\n"
        "def bad(shape): return one\n" + 'register("discriminator", "bad", bad)\n',
        "builds", rf"line {FIRST + 1}: .*must be a new module of the same shape at every call",
    ),
    "another shape at each call": (
        "def bad():\n"
        "    n = random.randint(1, 999)\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, n), nn.Linear(n, 1))\n"
        'register("discriminator", "bad", bad)\n',
        "builds", rf"line {FIRST}: .*each tensor to be equal size",
    ),
    "it ends the process": (module("raise SystemExit(4)"), "builds", rf"line {FORWARD}: SystemExit: 4"),
    "it ends the process late": (
        module(f"self.n += self.training; self.n > 12 and exit(3); return {SCORE}",
               "self.register_buffer('n', torch.zeros(()))"),
        "trains", rf"line {FORWARD}: SystemExit: 3",
    ),
    "no weights": (
        'class Bad(nn.Module):\n    def forward(self, x): return x.flatten(1).mean(1)\n'
        'def bad(): return Bad()\nregister("discriminator", "bad", bad)\n',
        "builds", r"has no parameters",
    ),
    "it prints and fails": (
        module("print('a' * 10_000_000); raise ValueError('b' * 10_000)"),
        "builds", rf"line {FORWARD}: ValueError: b+$",
    ),
}  # fmt: skip
OTHERS: dict[str, tuple[str, str, str]] = {
    "loss of another shape": (
        "class Bad(Halves):\n    def real_half(self, real, other): return real\n"
        'register("loss", "bad", Bad(mean, mean), outputs=("logits",))\n',
        "trains", r"the loss 'bad' gives a tensor of shape \(2, 16, 1\).*one number for each seed: \(2,\)",
    ),
    "loss that is a number": (
        loss("lambda d: 1.0"), "trains", rf"line {FIRST}: the loss 'bad': gives one number; .* reduction='none'$",
    ),
    "loss that is reduced": (
        loss("lambda d: nn.functional.mse_loss(d, torch.ones_like(d))"),
        "trains", rf"line {FIRST}: the loss 'bad': gives one number; it must give one number for each output",
    ),
    "loss that is flattened": (loss("lambda d: d[..., 0]"), "trains", r"'bad': gives a tensor of shape \(2, 16\); "),
    "loss that gives nothing": (loss("lambda d: None"), "trains", r"'bad': gives a NoneType; it must"),
    "loss that mixes seeds": (loss("lambda d: d - d.mean()"), "neighbours", r"reduce within a seed only"),
    "loss without gradient": (loss("lambda d: d.detach()"), "trains", rf"line {FIRST}: .*has no gradient"),
    "loss that fails": (loss("lambda d: d.nosuch()"), "trains", rf"line {FIRST}: AttributeError: 'Tensor' object"),
    "loss that is none": (
        'register("loss", "bad", 3, outputs=("logits",))\n', "builds", r"the loss 'bad' lacks real_half",
    ),
    "a function that makes no loss": (
        'register("loss", "bad", lambda margin=1.0: 3, outputs=("logits",))\n', "builds", r"the loss 'bad' lacks real_",
    ),
    "a function that fails to make a loss": (
        "def bad(margin=1.0): return Halves(nosuch, mean)\n" + 'register("loss", "bad", bad, outputs=("logits",))\n',
        "builds", rf"line {FIRST}: NameError: name 'nosuch'",
    ),
    "loss that draws by the clock": (
        loss("lambda d: d * (time.perf_counter_ns() % 1000)"), "deterministic", r"differs from step 1 on",
    ),
    "loss that draws from a global generator": (
        loss("lambda d: d * torch.rand_like(d)"), "deterministic", r"only networks may draw random numbers",
    ),
    "penalty that draws from a global generator": (
        "def bad(discriminate, real, fake, draws):\n"
        "    return discriminate(real * random.random(), torch.ones_like(real[..., :1])).mean((1, 2))\n"
        'register("penalty", "bad", bad)\n',
        "deterministic", rf"line {FIRST}: .*a penalty is given its own as `draws`",
    ),
    "penalty of another shape": (
        "def bad(discriminate, real, fake, draws): return discriminate(real, torch.ones_like(real[..., :1]))\n"
        'register("penalty", "bad", bad)\n',
        "trains", rf"line {FIRST}: the penalty 'bad' gives a tensor of shape \(2, 16, 1\)",
    ),
    "optimizer that is none": (
        'register("optimizer", "bad", lambda p, c, gpu: None, transfers=1)\n',
        "builds", rf"line {FIRST}: the optimizer 'bad' must be a torch.optim.Optimizer, not NoneType",
    ),
    "optimizer that is a class of torch": (
        'register("optimizer", "bad", torch.optim.RMSprop)\n',
        "builds", rf"line {FIRST}: the optimizer 'bad' is called with parameters, settings and .*settings.learning_r",
    ),
    "optimizer that takes parameters only": (
        'register("optimizer", "bad", lambda parameters: torch.optim.SGD(parameters))\n',
        "builds", rf"line {FIRST}: the optimizer 'bad' is called with parameters, settings and .* does not take",
    ),
    "optimizer that wants a closure": (
        'register("optimizer", "bad", lambda p, c, gpu: torch.optim.LBFGS(p), transfers=1)\n',
        "trains", rf"line {FIRST}: the optimizer 'bad': TypeError",
    ),
    "optimizer that mixes seeds": (
        "class Bad(torch.optim.Optimizer):\n"
        "    def step(self):\n"
        "        for p in self.param_groups[0]['params']: p.data -= 1e-3 * p.grad / p.grad.norm()\n"
        'register("optimizer", "bad", lambda p, c, gpu: Bad(p, {}), transfers=1)\n',
        "neighbours", r"depend on the other seeds",
    ),
    "activation of another shape": (
        'register("activation", "bad", lambda network: lambda x: x.sum(-1))\n',
        "trains", rf"line {FIRST}: the activation 'bad' turns .* it must keep it",
    ),
    "initialization of another shape": (
        'register("initialization", "bad", lambda rng, spec: rng.random(3))\n',
        "builds", rf"line {FIRST}: the initialization 'bad' gives \(3,\) for",
    ),
    "a metric that gives a string": (
        'register("metric", "bad", lambda samples, reference: "good")\n',
        "measures", rf"line {FIRST}: the metric 'bad' must give a number, not str",
    ),
    "a metric that gives NaN": (
        'register("metric", "bad", lambda samples, reference: float("nan"))\n',
        "measures", rf"line {FIRST}: what the metric 'bad' gives of random features is not finite: nan",
    ),
    "a metric with the name of a built-in one": (
        'register("metric", "frechet", lambda samples, reference: 1.0)\n', "measures", r"'frechet' is built in",
    ),
    "a metric that draws": (
        'register("metric", "bad", lambda samples, reference: np.random.default_rng().random())\n',
        "measures", rf"line {FIRST}: .*another number at each call",
    ),
    "extractor of another shape": (
        extractor("lambda images: images"), "looks", rf"line {FIRST}: .* floats \(n, d\) for .*, not float32",
    ),
    "extractor that gives a list": (
        extractor("lambda images: images.flatten(1).tolist()"), "looks", r"or these and .*, not a list",
    ),
    "extractor that gives NaN": (
        extractor("lambda images: images.flatten(1) * float('nan')"), "finite", r"a feature of image 0 is not finite",
    ),
    "extractor that sees nothing": (
        extractor("lambda images: images.flatten(1) * 0"), "finite", r"tells no images apart",
    ),
    "extractor that draws": (
        extractor("lambda images: torch.rand(len(images), 4)"), "deterministic", r"other features at each call",
    ),
    "extractor that mixes images": (
        extractor("lambda images: images.flatten(1) - images.flatten(1)[:1]"), "neighbours", r"on the other images",
    ),
    "extractor that fails": (
        extractor("lambda images: images.nosuch()"), "looks", rf"line {FIRST}: AttributeError: 'Tensor' object",
    ),
    "extractor that is none": (
        'register("extractor", "bad", lambda: 3)\n', "looks", r"an nn.Module or a function, not int",
    ),
    "extractor that reads nothing": (
        extractor("lambda images: images.flatten(1)", ', replaces="reader"'), "looks", r"probabilities of the classes",
    ),
    "extractor with logits": (
        extractor("lambda images: (images.flatten(1), images.flatten(1))", ', replaces="reader"'), "looks", r"sum to 1",
    ),
    "extractor with the name of a built-in one": (
        'register("extractor", "dinov2", lambda: lambda images: images.flatten(1))\n', "looks", r"'dinov2' is built in",
    ),
    "extractor called like a metric": (
        'register("extractor", "balanced", lambda: lambda images: images.flatten(1))\n', "looks", r"'balanced_frechet'",
    ),
    "dataset that is none": (
        'register("dataset", "bad", lambda folder, notify: [1])\n', "loads", rf"line {FIRST}: .*Dataset, not list",
    ),
    "dataset of other images each time": (
        "def bad(folder, notify):\n"
        "    images = torch.from_numpy(np.random.default_rng().integers(0, 255, (40, 1, 8, 8))).to(torch.uint8)\n"
        "    return Dataset(name='b', train_images=images, train_labels=None, test_images=images, test_labels=None)\n"
        'register("dataset", "bad", bad)\n',
        "loads", rf"line {FIRST}: .*other images at each call",
    ),
}  # fmt: skip
BAD = MODULES | OTHERS
