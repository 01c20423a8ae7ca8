/* option -- see option.h. */
#include "layers/core/option.h"

#include <string.h>

const struct family *option_family(const struct option *option)
{
	return option->family_of ? option->family_of() : option->family;
}

const struct kind *family_find(const struct family *family, const char *name)
{
	for (const struct kind *const *k = family->kinds; *k; k++)
		if (!strcmp((*k)->name, name))
			return *k;
	return NULL;
}

int spec_check(const struct spec *spec, struct err *err)
{
	return spec->kind && spec->kind->check ? spec->kind->check(spec, err) : 0;
}

struct place spec_place(const struct spec *spec, const char *name)
{
	const struct option *options = spec->kind ? spec->kind->options : NULL;

	for (int i = 0; options && options[i].name; i++)
		if (!strcmp(options[i].name, name) && spec->places && spec->places[i].line)
			return spec->places[i];
	return spec->place;
}
