/* The numerics version: raised whenever a change anywhere changes the bits of a training run. It is
 * part of every run_hash, so that results of different versions are never taken for one another;
 * tests/golden holds hashes that tell when it must be raised. */
#ifndef LAYERS_NETWORK_NUMERICS_H
#define LAYERS_NETWORK_NUMERICS_H

enum { NUMERICS_VERSION = 2 };

#endif
