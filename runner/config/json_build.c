/* json_build -- see json_build.h. */
#include "runner/config/json_build.h"

int json_put(json_t **whole, const char *key, json_t *value)
{
	if (*whole && !json_object_set_new(*whole, key, value))
		return 0;
	if (!*whole)
		json_decref(value);
	json_decref(*whole);
	*whole = NULL;
	return -1;
}

int json_add(json_t **whole, json_t *value)
{
	if (*whole && !json_array_append_new(*whole, value))
		return 0;
	if (!*whole)
		json_decref(value);
	json_decref(*whole);
	*whole = NULL;
	return -1;
}
