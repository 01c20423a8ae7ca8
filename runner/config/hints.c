/* hints -- see hints.h. Each looks at the text alone, and says nothing rather than something that
 * does not follow from it. */
#include "runner/config/hints.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runner/config/foreign.h"
#include "runner/config/forms.h"
#include "runner/config/knobs.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

/* ---- of any text */

static bool hint_lookalike(const char *name, char text[HINT])
{
	struct lookalike found;
	char advice[UTF8_ADVICE];

	if (!utf8_lookalike(name, strlen(name), &found))
		return false;
	snprintf(text, HINT, "; the '%.*s' in it is %s", (int)found.size, found.at,
		utf8_lookalike_advice(&found, advice));
	return true;
}

/* $name in the middle of a text. */
static bool hint_dollar(const char *value, char text[HINT])
{
	const char *dollar = strchr(value, '$');
	char name[NAME_MAX_BYTES];

	if (!dollar || !reference_name(dollar, name))
		return false;
	snprintf(text, HINT, "; a knob stands alone: $%s", name);
	return true;
}

/* The name of a knob, or of what an `each` calls its elements, without its '$'. */
static bool hint_knob(const struct config *config, const char *value, char text[HINT])
{
	bool known = node_entry(config->params, value);

	for (int i = 0; config->names && i < config->names->n; i++)
		known = known || node_is(config->names->items[i], value);
	if (known)
		snprintf(text, HINT, "; write $%s", value);
	return known;
}

/* `lr:0.1`, `lr = 0.1` */
static bool hint_pair(const char *value, char text[HINT])
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	const char *rest = value + n + strspn(value + n, " ");

	if (n == 0 || (*rest != ':' && *rest != '='))
		return false;
	snprintf(text, HINT,
		*rest == ':' ? "; a space is missing after ':'" : "; write ': ' for the '='");
	return true;
}

/* ---- of numbers */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 5,000 or 1_000_000 or 5.000: groups of three digits; *digits gets them without what stands
 * between them. */
static bool read_groups(const char *value, char digits[32])
{
	size_t first, used;
	int groups = 0;

	if (strlen(value) >= 32)
		return false;
	first = strspn(value, "0123456789");
	if (first < 1 || first > 3)
		return false;
	memcpy(digits, value, first);
	used = first;
	for (value += first; *value; value += 4, groups++) {
		if (!strchr(",._' ", *value) || strspn(value + 1, "0123456789") < 3 ||
			is_digit(value[4]))
			return false;
		memcpy(digits + used, value + 1, 3);
		used += 3;
	}
	digits[used] = 0;
	return groups > 0;
}

bool is_grouped(const char *text)
{
	char digits[32];

	text += *text == '-' || *text == '+';
	return strchr(text, '.') && read_groups(text, digits);
}

static void hint_whole(const char *value, char text[HINT])
{
	char digits[32];

	if (!read_groups(value, digits))
		return;
	if (strchr(value, '.') && strlen(digits) <= 6 &&
		!strcmp(digits + strlen(digits) - 3, "000"))
		snprintf(text, HINT, "; write %.*s or %s", (int)strlen(digits) - 3, digits, digits);
	else
		snprintf(text, HINT, "; write %s", digits);
}

/* 0,1 for 0.1 */
static bool has_decimal_comma(const char *value)
{
	const char *comma = strchr(value, ',');

	return comma && comma > value && comma[1] && !strchr(comma + 1, ',') &&
	       !value[strspn(value, "+-0123456789,")];
}

static void hint_number(const struct value *value, const struct node *node, char text[HINT])
{
	const char *hint = "";

	if (value->option->type == OPTION_NUMBER && has_decimal_comma(node->text))
		hint = "; write a point for the comma";
	else if (scalar_type(node) == SCALAR_INT || scalar_type(node) == SCALAR_NUMBER) {
		if (!isfinite(scalar_number(node)))
			hint = "; numbers must be finite";
		else if (fabs(scalar_number(node)) > INT_MAX)
			hint = "; it is too large";
	}
	snprintf(text, HINT, "%s", hint);
	if (!*text && value->option->type != OPTION_NUMBER)
		hint_whole(node->text, text);
}

/* ---- of lists */

/* `5,5`, `(5, 5)`, `5x5` (numbers alone) as "[5, 5]"; the number of elements, 0 when it is none. */
static int read_elements(const char *value, bool words, char list[HINT / 2])
{
	const char *between = words ? " ,()[]" : " ,()[]xX*";
	size_t used = 0;
	int n = 0;

	for (value += strspn(value, between); *value; n++) {
		size_t length = strcspn(value, between);
		struct node node = {.kind = NODE_SCALAR, .plain = true};
		char element[32];
		if (length >= sizeof element || used + length + 4 > HINT / 2)
			return 0;
		snprintf(element, sizeof element, "%.*s", (int)length, value);
		node.text = element;
		if (!words && scalar_type(&node) != SCALAR_INT &&
			scalar_type(&node) != SCALAR_NUMBER)
			return 0;
		used += (size_t)snprintf(
			list + used, HINT / 2 - used, "%s%s", n ? ", " : "[", element);
		value += length + strspn(value + length, between);
	}
	if (n)
		snprintf(list + used, HINT / 2 - used, "]");
	return n;
}

static void hint_elements(const struct value *value, const struct node *node, char text[HINT])
{
	enum option_type type = value->option->type;
	char list[HINT / 2];
	int n = read_elements(node->text, false, list);

	if (n == 2 || (n == 4 && type == OPTION_PADDING) ||
		(n > 0 && (type == OPTION_INTS || type == OPTION_NUMBERS) &&
			strpbrk(node->text, ", ")))
		snprintf(text, HINT, "; write %s", list);
	else if (type == OPTION_PADDING && !strcasecmp(node->text, "valid"))
		snprintf(text, HINT, "; write 0");
	else if (type == OPTION_PADDING && !strcasecmp(node->text, "same"))
		snprintf(text, HINT, "; write same");
	else
		hint_whole(node->text, text);
}

const char *hint_list(const struct config *config, const struct node *node, char text[HINT])
{
	char list[HINT / 2];

	text[0] = 0;
	if (node->kind != NODE_SCALAR || !node->plain || !*node->text)
		return text;
	if (hint_lookalike(node->text, text) || hint_knob(config, node->text, text))
		return text;
	if (read_elements(node->text, true, list) > 1)
		snprintf(text, HINT, "; write %s", list);
	return text;
}

/* ---- of values and keys */

static const char *bool_hint(const struct node *node)
{
	static const char *const yes[] = {"yes", "on", "Yes", "On", "YES", "ON", "1"};
	static const char *const no[] = {"no", "off", "No", "Off", "NO", "OFF", "0"};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (node_is(node, yes[i]) || node_is(node, no[i]))
			return node_is(node, yes[i]) ? "; write true" : "; write false";
	return "";
}

static void hint_type(const struct value *value, const struct node *node, char text[HINT])
{
	switch (value->option->type) {
	case OPTION_BOOL:
		snprintf(text, HINT, "%s", bool_hint(node));
		break;
	case OPTION_INT:
	case OPTION_INT64:
	case OPTION_NUMBER:
		hint_number(value, node, text);
		break;
	case OPTION_PAIR:
	case OPTION_PADDING:
	case OPTION_INTS:
	case OPTION_NUMBERS:
		hint_elements(value, node, text);
		break;
	case OPTION_GROUP:
	case OPTION_SPEC:
		hint_pair(node->text, text);
		break;
	default:
		break;
	}
}

const char *hint_value(const struct value *value, const struct node *node, char text[HINT])
{
	enum option_type type = value->option->type;

	text[0] = 0;
	if (type == OPTION_SPECS && node->kind == NODE_MAP)
		snprintf(text, HINT, "; start each with '- '");
	if (node->kind == NODE_LIST && (type == OPTION_PAIR || type == OPTION_PADDING))
		snprintf(text, HINT, " of %d element%s", node->n, node->n == 1 ? "" : "s");
	if (node->kind != NODE_SCALAR)
		return text;
	if (node->plain && (hint_lookalike(node->text, text) || hint_dollar(node->text, text) ||
				   hint_knob(value->config, node->text, text)))
		return text;
	hint_type(value, node, text);
	return text;
}

const char *hint_key(const struct config *config, const struct node *key, char text[HINT])
{
	const char *advice = foreign_advice(key->text);

	text[0] = 0;
	if (advice)
		snprintf(text, HINT, "; %s", advice);
	else if (key->plain && !hint_lookalike(key->text, text) && !hint_dollar(key->text, text) &&
		 !hint_knob(config, key->text, text))
		hint_pair(key->text, text);
	return text;
}
