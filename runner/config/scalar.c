/* scalar -- see scalar.h. The forms are those of YAML 1.2.2, section 10.3.2. */
#include "runner/config/scalar.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/config/utf8.h"

static const double LARGEST_WHOLE = 9007199254740992.0; /* 2^53 */

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static const char *skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

static const char *skip_digits(const char *text)
{
	return text + strspn(text, "0123456789");
}

/* 8 for 0o17, 16 for 0x1F, else 0. */
static int based(const char *text)
{
	if (text[0] != '0' || !text[1] || !text[2])
		return 0;
	if (text[1] == 'o')
		return text[2 + strspn(text + 2, "01234567")] ? 0 : 8;
	if (text[1] == 'x')
		return text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] ? 0 : 16;
	return 0;
}

static bool is_int(const char *text)
{
	const char *digits = skip_sign(text);

	return based(text) || (*digits && !*skip_digits(digits));
}

static bool is_special_number(const char *text)
{
	static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};
	static const char *const inf[] = {".inf", ".Inf", ".INF", NULL};

	return is_one_of(text, nan) || is_one_of(skip_sign(text), inf);
}

static bool is_number(const char *text)
{
	const char *at = skip_sign(text), *end = skip_digits(at);
	bool digits = end > at;

	if (*end == '.') {
		at = end + 1;
		end = skip_digits(at);
		digits = digits || end > at;
	}
	if (!digits)
		return is_special_number(text);
	if (*end == 'e' || *end == 'E') {
		at = skip_sign(end + 1);
		end = skip_digits(at);
		if (end == at)
			return false;
	}
	return !*end;
}

enum scalar_type scalar_type(const struct node *scalar)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {
		"true", "True", "TRUE", "false", "False", "FALSE", NULL};

	if (!scalar->plain)
		return SCALAR_TEXT;
	if (is_one_of(scalar->text, nulls))
		return SCALAR_NULL;
	if (is_one_of(scalar->text, bools))
		return SCALAR_BOOL;
	if (is_int(scalar->text))
		return SCALAR_INT;
	return is_number(scalar->text) ? SCALAR_NUMBER : SCALAR_TEXT;
}

bool node_is_null(const struct node *node)
{
	return !node || (node->kind == NODE_SCALAR && scalar_type(node) == SCALAR_NULL);
}

bool scalar_bool(const struct node *scalar)
{
	return scalar->text[0] == 't' || scalar->text[0] == 'T';
}

double scalar_number(const struct node *scalar)
{
	const char *text = scalar->text;

	if (based(text))
		return (double)strtoull(text + 2, NULL, based(text));
	if (strpbrk(text, "nN") && is_special_number(text))
		return strpbrk(text, "aA") ? NAN : *text == '-' ? -INFINITY : INFINITY;
	return strtod(text, NULL);
}

int scalar_int64(const struct node *scalar, int64_t *value)
{
	const char *text = scalar->text;
	int base = based(text);

	errno = 0;
	if (is_int(text)) {
		*value = strtoll(base ? text + 2 : text, NULL, base ? base : 10);
		return errno ? -1 : 0;
	}
	double number = scalar_number(scalar);
	if (!(fabs(number) <= LARGEST_WHOLE) || number != trunc(number))
		return -1;
	*value = (int64_t)number;
	return 0;
}

/* ---- messages */

static char *scalar_found(const struct node *scalar, char text[NODE_FOUND])
{
	char brief[UTF8_BRIEF];
	struct node plain = *scalar;

	plain.plain = true;
	utf8_brief(scalar->text, brief);
	switch (scalar_type(scalar)) {
	case SCALAR_NULL:
		snprintf(text, NODE_FOUND, "nothing");
		break;
	case SCALAR_BOOL:
		snprintf(text, NODE_FOUND, "%s", brief);
		break;
	case SCALAR_INT:
	case SCALAR_NUMBER:
		snprintf(text, NODE_FOUND, "the number %s", brief);
		break;
	case SCALAR_TEXT:
		if (!scalar->plain && scalar_type(&plain) != SCALAR_TEXT)
			snprintf(text, NODE_FOUND, "a text, since '%s' is in quotes", brief);
		else
			snprintf(text, NODE_FOUND, "the text '%s'", brief);
		break;
	}
	return text;
}

char *node_found(const struct node *node, char text[NODE_FOUND])
{
	if (node->kind == NODE_SCALAR)
		return scalar_found(node, text);
	snprintf(text, NODE_FOUND, "%s", node->kind == NODE_LIST ? "a list" : "a map");
	return text;
}
