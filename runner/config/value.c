/* value -- see value.h. One function a type; each writes only what is right. */
#include "runner/config/value.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/config/hints.h"
#include "runner/config/knobs.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"
#include "runner/config/yaml.h"

void *value_take(struct config *config, int n, size_t size)
{
	void *memory = arena_take(config->arena, (size_t)n * size, NULL);

	if (!memory)
		config_no_memory(config);
	return memory;
}

/* Made without a parser where it is one plain word. */
struct node *value_default(struct config *config, const struct option *option)
{
	const char *text = option->fallback;

	if (strpbrk(text, "[{,:#&*!|>'\"%@"))
		return yaml_read_text(config, text);
	return node_text(config, text, true, (struct place){0});
}

/* ---- messages */

/* "'kernel_size' of conv2d" */
enum { SUBJECT = 160 };

static char *subject(const struct value *value, char text[SUBJECT])
{
	if (value->owner->name)
		snprintf(text, SUBJECT, "'%s' of %s", value->option->name, value->owner->name);
	else
		snprintf(text, SUBJECT, "'%s'", value->option->name);
	return text;
}

/* Where a knob brought the value in. */
void value_note_used(const struct value *value, const struct node *node)
{
	if (node->used.line)
		config_note(value->config, node->used, "taken up here");
	else if (value->node->used.line)
		config_note(value->config, value->node->used, "taken up here");
}

void value_tell_wrong(const struct value *value, const struct node *node)
{
	char what[SUBJECT], expected[EXPECTATION], found[NODE_FOUND], more[HINT];

	if (node->kind == NODE_BAD)
		return;
	config_error(value->config, node->place, "%s expects %s, found %s%s", subject(value, what),
		option_expectation(value->option, value->family, expected), node_found(node, found),
		hint_value(value, node, more));
	value_note_used(value, node);
}

/* ---- numbers */

static bool in_range(const struct option *option, double number)
{
	if (!isfinite(number))
		return false;
	if (option->min == 0 && option->max == 0)
		return true;
	return (option->above_min ? number > option->min : number >= option->min) &&
	       (option->below_max ? number < option->max : number <= option->max);
}

static bool is_numeric(const struct node *node)
{
	if (node->kind != NODE_SCALAR)
		return false;
	return scalar_type(node) == SCALAR_INT || scalar_type(node) == SCALAR_NUMBER;
}

static int read_int64(const struct value *value, const struct node *node, int64_t *out)
{
	if (!is_numeric(node) || is_grouped(node->text) || scalar_int64(node, out)) {
		value_tell_wrong(value, node);
		return -1;
	}
	if (!in_range(value->option, (double)*out)) {
		value_tell_wrong(value, node);
		return -1;
	}
	return 0;
}

static int read_int(const struct value *value, const struct node *node, int *out)
{
	int64_t number;

	if (read_int64(value, node, &number))
		return -1;
	if (number < INT_MIN || number > INT_MAX) {
		value_tell_wrong(value, node);
		return -1;
	}
	*out = (int)number;
	return 0;
}

static int read_number(const struct value *value, const struct node *node, double *out)
{
	double number;

	if (!is_numeric(node)) {
		value_tell_wrong(value, node);
		return -1;
	}
	number = scalar_number(node);
	if (!in_range(value->option, number)) {
		value_tell_wrong(value, node);
		return -1;
	}
	*out = number;
	return 0;
}

/* ---- one function a type; each writes to `at` only what is right */

static void fill_bool(const struct value *value, bool *at)
{
	if (value->node->kind == NODE_SCALAR && scalar_type(value->node) == SCALAR_BOOL)
		*at = scalar_bool(value->node);
	else
		value_tell_wrong(value, value->node);
}

/* "lenet with $pooling" */
static void warn_inside(const struct value *value)
{
	const char *dollar = value->node->plain ? strchr(value->node->text, '$') : NULL;
	char name[NAME_MAX_BYTES];

	if (dollar && reference_name(dollar, name) && node_entry(value->config->params, name))
		config_warning(value->config, value->node->place,
			"'$%s' inside a longer text is not replaced", name);
}

/* name: “lenet” */
static void warn_quotes(const struct value *value)
{
	const struct node *node = value->node;
	struct lookalike quote;
	char advice[UTF8_ADVICE];

	if (node->plain && utf8_lookalike(node->text, strlen(node->text), &quote) &&
		quote.at == node->text && (quote.sign == '"' || quote.sign == '\''))
		config_warning(value->config, node->place,
			"the quotes are part of this text: '%.*s' is %s", (int)quote.size, quote.at,
			utf8_lookalike_advice(&quote, advice));
}

static void fill_text(const struct value *value, const char **at)
{
	if (value->node->kind != NODE_SCALAR) {
		value_tell_wrong(value, value->node);
		return;
	}
	warn_inside(value);
	warn_quotes(value);
	*at = value->node->text;
}

static void fill_choice(const struct value *value, int *at)
{
	struct suggestion meant = {.wrong = value->node->text};
	char what[SUBJECT], expected[EXPECTATION], found[NODE_FOUND], text[SUGGESTION_TEXT];

	if (value->node->kind != NODE_SCALAR) {
		value_tell_wrong(value, value->node);
		return;
	}
	for (int i = 0; value->option->choices[i]; i++) {
		if (node_is(value->node, value->option->choices[i])) {
			*at = i;
			return;
		}
		suggestion_try(&meant, value->option->choices[i]);
	}
	config_error(value->config, value->node->place, "%s expects %s, found %s%s",
		subject(value, what), option_expectation(value->option, NULL, expected),
		node_found(value->node, found), suggestion_text(&meant, text));
	value_note_used(value, value->node);
}

static void fill_pair(const struct value *value, struct pair *at)
{
	const struct node *node = value->node;
	struct pair pair;

	if (node->kind == NODE_LIST && node->n == 2) {
		if (!read_int(value, node->items[0], &pair.h) &&
			!read_int(value, node->items[1], &pair.w))
			*at = pair;
	} else if (!read_int(value, node, &pair.h)) {
		*at = (struct pair){pair.h, pair.h};
	}
}

static void fill_padding(const struct value *value, struct padding *at)
{
	const struct node *node = value->node;
	int sides[4], n = 1;

	if (node_is(node, "same")) {
		*at = (struct padding){.same = true};
		return;
	}
	if (node->kind == NODE_LIST) {
		n = node->n;
		if (n != 2 && n != 4) {
			value_tell_wrong(value, node);
			return;
		}
		for (int i = 0; i < n; i++)
			if (read_int(value, node->items[i], &sides[i]))
				return;
	} else if (read_int(value, node, &sides[0])) {
		return;
	}
	if (n == 1)
		*at = (struct padding){false, sides[0], sides[0], sides[0], sides[0]};
	else if (n == 2)
		*at = (struct padding){false, sides[0], sides[0], sides[1], sides[1]};
	else
		*at = (struct padding){false, sides[0], sides[1], sides[2], sides[3]};
}

static void fill_ints(const struct value *value, struct ints *at)
{
	const struct node *node = value->node;
	int *numbers;

	if (node->kind != NODE_LIST) {
		value_tell_wrong(value, node);
		return;
	}
	numbers = value_take(value->config, node->n, sizeof *numbers);
	for (int i = 0; numbers && i < node->n; i++)
		read_int(value, node->items[i], &numbers[i]);
	if (numbers)
		*at = (struct ints){node->n, numbers};
}

static void fill_numbers(const struct value *value, struct numbers *at)
{
	struct node *node = value->node, **items = &node;
	int n = 1;
	double *numbers;

	if (node->kind == NODE_LIST) {
		items = node->items;
		n = node->n;
	}
	numbers = value_take(value->config, n, sizeof *numbers);
	for (int i = 0; numbers && i < n; i++)
		read_number(value, items[i], &numbers[i]);
	if (numbers)
		*at = (struct numbers){n, numbers};
}

static void fill_texts(const struct value *value, struct texts *at)
{
	const struct node *node = value->node;
	const char **texts;

	if (node->kind != NODE_LIST) {
		value_tell_wrong(value, node);
		return;
	}
	texts = value_take(value->config, node->n, sizeof *texts);
	if (!texts)
		return;
	*at = (struct texts){node->n, texts};
	for (int i = 0; i < node->n; i++) {
		texts[i] = "";
		if (node->items[i]->kind == NODE_SCALAR)
			texts[i] = node->items[i]->text;
		else
			value_tell_wrong(value, node->items[i]);
	}
}

/* ---- literal tensors */

/* Lengths along the first elements; -1 when they cannot be a tensor's. */
static int measure_tensor(const struct value *value, struct literal *literal)
{
	const struct node *node = value->node;

	for (; node->kind == NODE_LIST; node = node->items[0]) {
		if (literal->rank == LITERAL_RANK) {
			config_error(value->config, node->place,
				"a tensor has at most %d dimensions", LITERAL_RANK);
			return -1;
		}
		literal->dims[literal->rank++] = node->n;
		if (node->n == 0) {
			config_error(value->config, node->place, "this list of numbers is empty");
			return -1;
		}
	}
	return 0;
}

/* Counts the numbers below `node`, which must have the shape from dimension `d` on; -1 when not. */
static int check_tensor(
	const struct value *value, const struct literal *literal, const struct node *node, int d)
{
	int n = 0;

	if (d == literal->rank) {
		double ignored;
		return read_number(value, node, &ignored) ? -1 : 1;
	}
	if (node->kind != NODE_LIST) {
		value_tell_wrong(value, node);
		return -1;
	}
	if (node->n != literal->dims[d]) {
		config_error(value->config, node->place,
			"this list has %d element%s where the first one of its kind has %d",
			node->n, node->n == 1 ? "" : "s", literal->dims[d]);
		return -1;
	}
	for (int i = 0; i < node->n; i++) {
		int below = check_tensor(value, literal, node->items[i], d + 1);
		if (below < 0)
			return -1;
		n += below;
	}
	return n;
}

static float *copy_tensor(const struct node *node, float *out)
{
	if (node->kind == NODE_SCALAR) {
		*out = (float)scalar_number(node);
		return out + 1;
	}
	for (int i = 0; i < node->n; i++)
		out = copy_tensor(node->items[i], out);
	return out;
}

static void fill_tensor(const struct value *value, struct literal *at)
{
	struct literal literal = {0};
	struct value bounded = *value;
	struct option in_float = *value->option;
	int n;

	if (in_float.min == 0 && in_float.max == 0) {
		in_float.min = -FLT_MAX; /* a float cannot hold more */
		in_float.max = FLT_MAX;
	}
	bounded.option = &in_float;
	if (measure_tensor(value, &literal))
		return;
	n = check_tensor(&bounded, &literal, value->node, 0);
	literal.data = n < 0 ? NULL : value_take(value->config, n, sizeof *literal.data);
	if (!literal.data)
		return;
	copy_tensor(value->node, literal.data);
	*at = literal;
}

/* ---- all of them */

void value_fill(const struct value *value, void *at)
{
	switch (value->option->type) {
	case OPTION_BOOL:
		fill_bool(value, at);
		break;
	case OPTION_INT:
		read_int(value, value->node, at);
		break;
	case OPTION_INT64:
		read_int64(value, value->node, at);
		break;
	case OPTION_NUMBER:
		read_number(value, value->node, at);
		break;
	case OPTION_TEXT:
		fill_text(value, at);
		break;
	case OPTION_CHOICE:
		fill_choice(value, at);
		break;
	case OPTION_PAIR:
		fill_pair(value, at);
		break;
	case OPTION_PADDING:
		fill_padding(value, at);
		break;
	case OPTION_INTS:
		fill_ints(value, at);
		break;
	case OPTION_NUMBERS:
		fill_numbers(value, at);
		break;
	case OPTION_TEXTS:
		fill_texts(value, at);
		break;
	case OPTION_TENSOR:
		fill_tensor(value, at);
		break;
	default:
		break; /* kinds.h, fill.c */
	}
}
