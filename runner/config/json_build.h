/*
 * json_build -- objects and lists that turn NULL when memory runs out.
 *
 * Each function takes over the reference that it is given. Once *whole is NULL, or when the value
 * is, it stays NULL and everything given is dropped: a whole structure can be built without a check
 * and looked at in the end.
 */
#ifndef RUNNER_CONFIG_JSON_BUILD_H
#define RUNNER_CONFIG_JSON_BUILD_H

#include <jansson.h>

/* 0, or -1 when *whole is NULL now. */
int json_put(json_t **whole, const char *key, json_t *value);
int json_add(json_t **whole, json_t *value);

#endif
