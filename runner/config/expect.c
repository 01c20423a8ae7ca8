/* expect -- what an option takes, in words (fill.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runner/config/fill.h"

static const double NO_LIMIT = 2147483647.0; /* as a bound: there only because there must be one */

/* " of at least 1", " from 0 to 1", " above 0 and below 1" ... */
static char *range_text(const struct option *option, char text[96])
{
	bool low = option->min > -NO_LIMIT, high = option->max < NO_LIMIT;

	text[0] = 0;
	if (option->min == 0 && option->max == 0)
		return text;
	if (low && high && !option->above_min && !option->below_max)
		snprintf(text, 96, " from %.15g to %.15g", option->min, option->max);
	else if (low && high)
		snprintf(text, 96, " %s %.15g and %s %.15g",
			option->above_min ? "above" : "of at least", option->min,
			option->below_max ? "below" : "at most", option->max);
	else if (low)
		snprintf(text, 96, " %s %.15g", option->above_min ? "above" : "of at least",
			option->min);
	else if (high)
		snprintf(text, 96, " %s %.15g", option->below_max ? "below" : "of at most",
			option->max);
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

char *option_expectation(
	const struct option *option, const struct family *family, char text[EXPECTATION])
{
	static const char *const fixed[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_TEXT] = "a text",
		[OPTION_TEXTS] = "a list of texts",
		[OPTION_TENSOR] = "a number, or numbers in lists of lists",
		[OPTION_GROUP] = "a map of options",
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
	default:
		snprintf(text, EXPECTATION, "%s", fixed[option->type]);
	}
	return text;
}
