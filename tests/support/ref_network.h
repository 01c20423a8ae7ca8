/* ref_network -- runs a network as declared through the references of tests/ref: what a network's
 * outputs should be, in double. */
#ifndef TESTS_SUPPORT_REF_NETWORK_H
#define TESTS_SUPPORT_REF_NETWORK_H

#include "layers/network/network.h"
#include "tests/ref/ref.h"

struct ref_network {
	const struct network *network;
	double *const *tensors; /* by tensor: its numbers; borrowed */

	/* As struct work: for dropout. */
	bool training;
	uint64_t seed;
	uint32_t epoch, position;
};

/* What `layers` make of x; they are the network's, or part of them. The caller frees it. */
struct ref ref_network_forward(
	const struct ref_network *net, const struct specs *layers, const struct ref *x);

#endif
