/* expect -- what an option takes, in words (fill.h). */
#include <stdio.h>
#include <string.h>

#include "datasets/dataset.h"
#include "layers/families.h"
#include "runner/config/fill.h"
#include "runner/screen/table.h"

/* A bound this large is there only because there must be one. */
static double no_limit(const struct option *option)
{
	return option->type == OPTION_INT64 ? (double)INT64_MAX : (double)INT32_MAX;
}

bool option_has_min(const struct option *option)
{
	return (option->min != 0 || option->max != 0) && option->min > -no_limit(option);
}

bool option_has_max(const struct option *option)
{
	return (option->min != 0 || option->max != 0) && option->max < no_limit(option);
}

/* " of at least 1", " from 0 to 1", " above 0 and below 1" ... */
static char *range_text(const struct option *option, char text[96])
{
	bool low = option_has_min(option), high = option_has_max(option);
	char min[TABLE_NUMBER], max[TABLE_NUMBER];

	text[0] = 0;
	table_number(option->min, min);
	table_number(option->max, max);
	if (low && high && !option->above_min && !option->below_max)
		snprintf(text, 96, " from %s to %s", min, max);
	else if (low && high)
		snprintf(text, 96, " %s %s and %s %s", option->above_min ? "above" : "of at least",
			min, option->below_max ? "below" : "at most", max);
	else if (low)
		snprintf(text, 96, " %s %s", option->above_min ? "above" : "of at least", min);
	else if (high)
		snprintf(text, 96, " %s %s", option->below_max ? "below" : "of at most", max);
	return text;
}

static void join_choices(const struct option *option, char text[EXPECTATION])
{
	size_t used = (size_t)snprintf(text, EXPECTATION, "one of");

	for (int i = 0; option->choices[i] && used < EXPECTATION; i++)
		used += (size_t)snprintf(
			text + used, EXPECTATION - used, "%s %s", i ? "," : "", option->choices[i]);
}

static const char *noun_of(const struct family *family)
{
	return family ? family->noun : "thing";
}

static const char *group_text(const struct option *group)
{
	if (group == dataset_options)
		return "the name of a data set, or {name: NAME, ...}";
	if (group == init_options)
		return "the name of an initialisation, or {weight: ..., bias: ...}";
	return "a map of options";
}

char *option_expectation(
	const struct option *option, const struct family *family, char text[EXPECTATION])
{
	static const char *const fixed[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_TEXT] = "a text",
		[OPTION_TEXTS] = "a list of texts",
		[OPTION_TENSOR] = "a number, or numbers in lists of lists",

		[OPTION_RAW] = "a value",
	};
	char range[96];

	range_text(option, range);
	switch (option->type) {
	case OPTION_INT:
	case OPTION_INT64:
		snprintf(text, EXPECTATION, "a whole number%s", range);
		break;
	case OPTION_NUMBER:
		snprintf(text, EXPECTATION, "a number%s", range);
		break;
	case OPTION_PAIR:
		snprintf(text, EXPECTATION, "a whole number%s, or [h, w]", range);
		break;
	case OPTION_PADDING:
		snprintf(text, EXPECTATION,
			"a whole number%s, [h, w], [top, bottom, left, right], or same", range);
		break;
	case OPTION_INTS:
		snprintf(text, EXPECTATION, "a list of whole numbers%s", range);
		break;
	case OPTION_NUMBERS:
		snprintf(text, EXPECTATION, "a number%s, or a list of them", range);
		break;
	case OPTION_CHOICE:
		join_choices(option, text);
		break;
	case OPTION_SPEC:
		snprintf(text, EXPECTATION, "the name of %s %s, or {NAME: {...}}",
			strchr("aeiou", noun_of(family)[0]) ? "an" : "a", noun_of(family));
		break;
	case OPTION_SPECS:
		snprintf(text, EXPECTATION, "a list of %ss", noun_of(family));
		break;
	case OPTION_BRANCHES:
		snprintf(text, EXPECTATION, "a list of lists of %ss", noun_of(family));
		break;
	case OPTION_GROUP:
		snprintf(text, EXPECTATION, "%s", group_text(option->group));
		break;
	default:
		snprintf(text, EXPECTATION, "%s", fixed[option->type]);
	}
	return text;
}
