/*
 * fuzz_config -- throws any bytes at the config reader.
 *
 * Lines that start with "#!" are overrides as well. Whatever happens is printed into memory, so
 * that messages are fuzzed too. A config that is accepted must survive being written out and read
 * again: the resolved text has to mean the same.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/build.h"
#include "runner/config/canonical.h"
#include "runner/config/diag.h"
#include "runner/config/experiment.h"
#include "runner/config/resolved.h"

enum { OVERRIDES_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(struct diags *diags)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	diags_print(diags, file, true);
	fclose(file);
	free(text);
}

static char *canonical_without_params(const struct experiment *x)
{
	json_t *copy = json_copy(x->canonical);
	char *text;

	json_object_del(copy, "params");
	text = canonical_text(copy);
	json_decref(copy);
	return text;
}

static void check_round_trip(const struct experiment *x)
{
	struct diags diags = {0};
	struct experiment *again;
	char *before, *after;

	if (experiment_parse(&again, x->path, x->resolved, NULL, 0, &diags)) {
		diags_print(&diags, stderr, false);
		fprintf(stderr, "the resolved config is not accepted:\n%s", x->resolved);
		abort();
	}
	before = canonical_without_params(x);
	after = canonical_without_params(again);
	if (before && after && strcmp(before, after)) {
		fprintf(stderr, "%s\nhas become\n%s\nby way of\n%s", before, after, x->resolved);
		abort();
	}
	free(before);
	free(after);
	experiment_free(again);
	diags_release(&diags);
}

static void check_output(struct experiment *x, struct diags *diags)
{
	char *text = resolved_text(x->tree, x->sources);

	free(text);
	check_round_trip(x);
	network_check(x, diags);
}

/* Cuts the overrides out of a copy of the text. */
static int find_overrides(char *copy, const char *overrides[OVERRIDES_MAX])
{
	int n = 0;

	for (char *line = strtok(copy, "\n"); line && n < OVERRIDES_MAX; line = strtok(NULL, "\n"))
		if (line[0] == '#' && line[1] == '!')
			overrides[n++] = line + 2;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *overrides[OVERRIDES_MAX];
	char *text = malloc(size + 1), *copy = malloc(size + 1);
	struct diags diags = {0};
	struct experiment *x;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (text && copy) {
		memcpy(text, data, size);
		text[size] = 0;
		memcpy(copy, text, size + 1);
		if (!experiment_parse(&x, "fuzz.yaml", text, overrides,
			    find_overrides(copy, overrides), &diags)) {
			check_output(x, &diags);
			experiment_free(x);
		}
	}
	print(&diags);
	diags_release(&diags);
	free(text);
	free(copy);
	return 0;
}
