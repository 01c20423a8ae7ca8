#!/bin/sh
# first_run.sh PROGRAM -- what `make run` runs: LeNet with maximum pooling on Fashion-MNIST, or on the
# built-in data set where Fashion-MNIST is neither here nor reachable.
set -eu
program=$1

# A folder of data sets beside the checkout serves too.
if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	export RUNNER_DATA=../shared/datasets
fi
code=0
"$program" fetch fashion-mnist || code=$?
case $code in
0) exec "$program" configs/lenet_maxpool.yaml ;;
69)
	echo
	echo "Fashion-MNIST is neither on this machine nor reachable: training on the built-in data"
	echo "set instead, drawn digits. The result below is not one on Fashion-MNIST."
	echo
	exec "$program" configs/lenet_maxpool.yaml dataset=glyphs
	;;
*) exit $code ;;
esac
