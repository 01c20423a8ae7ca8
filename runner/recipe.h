/*
 * recipe -- what a run was trained with, in a few lines for people: data, training, loss, initial
 * weights and knobs.
 *
 *     data    glyphs, train_limit 20000, seed 0
 *     train   optimizer sgd, lr_schedule constant, batch_size 256, epochs 2, lr 0.9
 *     loss    cross_entropy
 *     init    bias torch_default, weight xavier_uniform
 *     params  activation: sigmoid
 *
 * It is taken from the resolved config that the store has. What is at its default is left out, but
 * for what everybody wants to know.
 */
#ifndef RUNNER_RECIPE_H
#define RUNNER_RECIPE_H

#include "runner/store/store.h"

/* Gives each line to `item`; an empty heading means: another one of those before. Lines for which
 * there is no memory, and the middle ones of a config that this version cannot read any more, are
 * left out. */
void recipe_tell(const struct store_run *run, void (*item)(const char *head, const char *text));

#endif
