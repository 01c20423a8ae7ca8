#!/usr/bin/env python3
"""torch_peer.py -- PyTorch, training and inferring what our configs declare, for bench.sh.

First it says in a line what it is. Then it answers requests on stdin, one a line:

    CONFIG CxHxW THREADS train|infer SECONDS

CONFIG is what `runner config` prints. The answer is examples a second over about so long a time, two
batches at least; what memory and libraries need the first time is not counted.

As a good user would write it: the images as one float tensor in memory, taken in shuffled batches;
nn.Sequential, SGD, cross entropy, zero_grad(set_to_none=True); inference in eval mode without
gradients. The learning rate is 0, as in `runner time`: all is done, but nothing can diverge.
"""
import sys
import time

import torch
import yaml
from torch import nn

IMAGES = 10000
CLASSES = 10


def pair(x):
    return tuple(x) if isinstance(x, list) else (x, x)


def layer(item, shape):
    """The torch module for one entry of `network`, for an input of `shape`."""
    kind, options = next(iter(item.items())) if isinstance(item, dict) else (item, {})
    if kind == "conv2d":
        padding = options.get("padding", 0)
        return nn.Conv2d(shape[1], options["out_channels"], pair(options["kernel_size"]),
                         stride=options.get("stride", 1),
                         padding=padding if padding == "same" else pair(padding),
                         dilation=options.get("dilation", 1), groups=options.get("groups", 1),
                         bias=options.get("bias", True))
    if kind == "linear":
        return nn.Linear(shape[1], options["out_features"], bias=options.get("bias", True))
    if kind in ("max_pool2d", "avg_pool2d"):
        pool = nn.MaxPool2d if kind == "max_pool2d" else nn.AvgPool2d
        return pool(options["kernel_size"], options.get("stride"), options.get("padding", 0))
    plain = {"flatten": nn.Flatten, "sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}
    if kind == "dropout":
        return nn.Dropout(options.get("p", 0.5))
    if kind in plain and not options:
        return plain[kind]()
    raise ValueError(f"torch_peer.py does not know the layer {item}")


class Peer:
    def __init__(self, path, shape):
        with open(path) as file:
            config = yaml.safe_load(file)
        self.batch = config.get("train", {}).get("batch_size", 256)
        self.inputs = torch.rand(IMAGES, *shape)
        self.labels = torch.randint(0, CLASSES, (IMAGES,))
        x, modules = self.inputs[:2], []
        for item in config["network"]:
            modules.append(layer(item, x.shape))
            x = modules[-1](x)
        self.net = nn.Sequential(*modules)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.0)
        self.loss = nn.CrossEntropyLoss()
        self.order = torch.randperm(IMAGES)
        self.at = 0

    def rows(self):
        if self.at + self.batch > IMAGES:
            self.at = 0
        self.at += self.batch
        return self.order[self.at - self.batch:self.at]

    def train(self):
        rows = self.rows()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.net(self.inputs[rows]), self.labels[rows]).backward()
        self.optimizer.step()

    def infer(self):
        if self.at + self.batch > IMAGES:
            self.at = 0
        self.at += self.batch
        with torch.no_grad():
            self.net(self.inputs[self.at - self.batch:self.at]).argmax(1)

    def rate(self, what, seconds):
        self.net.train(what == "train")
        run = self.train if what == "train" else self.infer
        run()
        batches, start = 0, time.perf_counter()
        while batches < 2 or time.perf_counter() - start < seconds:
            run()
            batches += 1
        return batches * self.batch / (time.perf_counter() - start)


def describe():
    capability = [line.split(":")[1].strip() for line in torch.__config__.show().split("\n")
                  if "CPU capability" in line]
    return (f"PyTorch {torch.__version__}, {' '.join(capability) or 'unknown'} kernels, "
            f"oneDNN {'on' if torch.backends.mkldnn.is_available() else 'off'}")


def main():
    peers = {}
    print(describe(), flush=True)
    for line in sys.stdin:
        path, shape, threads, what, seconds = line.split()
        torch.set_num_threads(int(threads))
        if path not in peers:
            peers[path] = Peer(path, [int(n) for n in shape.split("x")])
        print(peers[path].rate(what, float(seconds)), flush=True)


main()
