/*
 * folder -- a person's own PNG files as a data set: one folder a class, named after it.
 *
 *     PATH/train/CLASS/x.png and PATH/test/CLASS/x.png
 *     PATH/CLASS/x.png: of each class the last sixth, by name, is for testing
 *
 * Names are sorted bytewise; so classes are numbered. Images follow each other in turns, the first
 * of each class, then the second of each, so that the first N are a fair sample (train_limit).
 * What is not a .png file, and names that begin with a dot, are left out.
 *
 * All images must measure the same. They become grey, 0..255: colours by 0.299 R + 0.587 G + 0.114
 * B, 16 bits rounded to 8, transparent ones as they look on white; gamma and colour profiles are
 * not looked at. Errors name the first image, in the order above, that cannot be read or measures
 * differently.
 */
#ifndef DATASETS_FOLDER_H
#define DATASETS_FOLDER_H

#include "datasets/dataset.h"

/* Fills all of *dataset but name and sum; owned[0] and owned[1] get the pixels, in a dataset that
 * the caller closes whether this succeeds or not. */
int folder_read(struct dataset *dataset, const char *path, struct err *err);

#endif
