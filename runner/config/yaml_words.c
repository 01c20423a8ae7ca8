/* yaml_words -- see yaml_words.h. libyaml has no numbers for its complaints, only English texts;
 * they have not changed in a decade. A text that is not known here is passed on as it is. */
#include "runner/config/yaml_words.h"

#include <ctype.h>
#include <string.h>

#include "runner/config/utf8.h"

/* One line of the text, and the byte of it that the complaint is about. */
struct line {
	const char *text;
	size_t length, at;
};

static size_t byte_of_column(const char *text, size_t length, int column)
{
	size_t at = 0;

	for (int i = 1; i < column && at < length; i++) {
		at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static struct line line_at(const struct config *config, struct place place)
{
	struct line line = {.text = ""};
	const struct source *source = sources_find(config->sources, place);

	if (source) {
		line.text = source_line(source, place.line, &line.length);
		line.at = byte_of_column(line.text, line.length, place.column);
	}
	return line;
}

static int column_of_byte(const struct line *line, size_t at)
{
	int column = 1;

	for (size_t i = 0; i < at; i++)
		column += ((unsigned char)line->text[i] & 0xc0) != 0x80;
	return column;
}

/* ---- characters that look like YAML's own */

/* True when `at` follows a key, as in `lr：0.1` or `{p：0.5}`. */
static bool follows_key(const struct line *line, size_t at)
{
	size_t start = at;

	while (start > 0 && (isalnum((unsigned char)line->text[start - 1]) ||
				    strchr("_$.", line->text[start - 1])))
		start--;
	if (start == at)
		return false;
	while (start > 0 && line->text[start - 1] == ' ')
		start--;
	return start == 0 || strchr("{,-", line->text[start - 1]);
}

/* The last character before `at` that is no space; 0: there is none. Another blank than a space
 * stops it. */
static char before(const struct line *line, size_t at)
{
	while (at > 0 && line->text[at - 1] == ' ')
		at--;
	return at > 0 ? line->text[at - 1] : 0;
}

/* True when the character most likely stands where YAML wants its own, rather than in a text. */
static bool is_meant(const struct line *line, const struct lookalike *found, bool indentation)
{
	size_t at = (size_t)(found->at - line->text);
	bool in_brackets = memchr(line->text, '{', at) || memchr(line->text, '[', at);
	char last = before(line, at);

	switch (found->sign) {
	case ' ':
		return indentation || in_brackets || (last && strchr(":-", last));
	case '-':
	case '#':
		return indentation || (in_brackets && !found->name);
	case '"':
	case '\'':
		return last && strchr(":-,[{", last);
	case ':':
		return in_brackets || follows_key(line, at);
	case '[':
	case '{':
		return true;
	default:
		return in_brackets && strchr(",]}$|>", found->sign);
	}
}

/* The first such character of the line. */
static bool find_lookalike(const struct line *line, struct lookalike *found)
{
	const char *text = line->text, *end = line->text + line->length;
	bool indentation = true;

	while (utf8_lookalike(text, (size_t)(end - text), found)) {
		for (; text < found->at; text++)
			indentation = indentation && *text == ' ';
		if (is_meant(line, found, indentation))
			return true;
		indentation = indentation && found->sign == ' ';
		text = found->at + found->size;
	}
	return false;
}

bool yaml_tell_lookalike(struct config *config, struct place place)
{
	struct line line = line_at(config, place);
	struct lookalike found;
	char advice[UTF8_ADVICE];

	if (!find_lookalike(&line, &found))
		return false;
	place.column = column_of_byte(&line, (size_t)(found.at - line.text));
	place.length = 1;
	if (found.sign == ' ')
		config_error(config, place, "this is %s", utf8_lookalike_advice(&found, advice));
	else if (found.name)
		config_error(config, place, "this is %s%s", utf8_lookalike_advice(&found, advice),
			strchr(":,-", found.sign) ? " and a space" : "");
	else
		config_error(config, place, "a full-width '%.*s' stands here; YAML needs '%c'%s",
			(int)found.size, found.at, found.sign,
			strchr(":,-", found.sign) ? " and a space" : "");
	return true;
}

static bool complain_lookalike(struct config *config, const struct yaml_complaint *complaint)
{
	struct place place = complaint->at;
	int first = complaint->context ? complaint->from.line : complaint->at.line;

	for (; place.line >= first && place.line > 0; place.line--)
		if (yaml_tell_lookalike(config, place))
			return true;
	return false;
}

/* ---- what is known about each complaint */

static void words_bad_start(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	char c = line.at < line.length ? line.text[line.at] : ' ';

	if (c == '\t')
		config_error(config, complaint->at, "a tab cannot indent YAML; use spaces");
	else
		config_error(config, complaint->at,
			"a text cannot start with '%c'; put it in quotes", c);
}

/* The place of a whole line, from its first character that is no space to a comment. */
static struct place whole_line(const struct config *config, struct place place)
{
	struct line line;
	size_t start, end;

	place.column = 1;
	line = line_at(config, place);
	start = strspn(line.text, " ");
	start = start < line.length ? start : line.length;
	for (end = start; end < line.length && line.text[end] != '#'; end++)
		;
	while (end > start && line.text[end - 1] == ' ')
		end--;
	place.column = column_of_byte(&line, start);
	place.length = column_of_byte(&line, end) - place.column;
	return place;
}

static bool has_colon(const struct line *line)
{
	for (size_t i = 0; i < line->length; i++)
		if (line->text[i] == ':' && (i + 1 == line->length || line->text[i + 1] == ' '))
			return true;
	return false;
}

/* The first of the lines straight above that have no "key:" and stand as far in as this one, which
 * libyaml took together with it as one long key. */
static bool find_keyless(const struct config *config, struct place place, struct place *found)
{
	size_t indent = strspn(line_at(config, place).text, " ");
	bool any = false;

	while (--place.line > 0) {
		struct line line = line_at(config, place);
		size_t inset = strspn(line.text, " ");
		if (inset != indent || inset >= line.length || line.text[inset] == '#' ||
			has_colon(&line))
			break;
		*found = whole_line(config, place);
		any = true;
	}
	return any;
}

/* The nearest line above (step -1) or below (1) that is neither empty nor a comment; line 0: none.
 */
static struct place neighbour(const struct config *config, struct place place, int step)
{
	const struct source *source = sources_find(config->sources, place);

	for (place.line += step; source && place.line > 0 && place.line <= source->n_lines;
		place.line += step) {
		struct line line = line_at(config, place);
		size_t inset = strspn(line.text, " ");
		if (inset < line.length && line.text[inset] != '#')
			return whole_line(config, place);
	}
	return (struct place){0};
}

static bool is_item(const struct line *line)
{
	return line->at + 1 < line->length && line->text[line->at] == '-' &&
	       line->text[line->at + 1] == ' ';
}

/* True when an element of a list stands beside the line, as far in as it. */
static bool is_beside_item(const struct config *config, struct place place)
{
	for (int step = -1; step <= 1; step += 2) {
		struct place other = neighbour(config, place, step);
		struct line line = line_at(config, other);
		if (other.line && other.column == place.column && is_item(&line))
			return true;
	}
	return false;
}

/* `-relu` */
static bool tell_dash(struct config *config, struct place place)
{
	struct line line = line_at(config, place);

	if (line.at + 1 >= line.length || line.text[line.at] != '-' ||
		strchr("- \t", line.text[line.at + 1]))
		return false;
	place.length = 1;
	config_error(config, place, "a space is missing after '-'");
	return true;
}

/* `seed:0`, `seed = 0` */
static bool tell_sign(struct config *config, struct place place)
{
	struct line line = line_at(config, place);
	size_t end = line.at + (size_t)place.length, at = line.at;

	end = end < line.length ? end : line.length;
	while (at < end && (isalnum((unsigned char)line.text[at]) || strchr("_-$.", line.text[at])))
		at++;
	if (at == line.at)
		return false;
	while (at < end && line.text[at] == ' ')
		at++;
	if (at == end || (line.text[at] != ':' && line.text[at] != '='))
		return false;
	place.column = column_of_byte(&line, at);
	place.length = 1;
	config_error(config, place,
		line.text[at] == ':' ? "a space is missing after ':'" : "write ': ' for the '='");
	return true;
}

/* A line that is neither "key: value" nor "- element". `place` is the whole line. */
static void tell_keyless(struct config *config, struct place place)
{
	if (yaml_tell_lookalike(config, place) || tell_dash(config, place) ||
		tell_sign(config, place))
		return;
	if (is_beside_item(config, place))
		config_error(config, place, "a '- ' is missing before this");
	else
		config_error(config, place, "expected 'key: value' in this line");
}

/* `linear: ...` below and further in than `- flatten`. */
static bool is_below_item(const struct config *config, struct place place)
{
	struct place above = neighbour(config, place, -1);
	struct line line = line_at(config, above);

	return above.line && is_item(&line) && !has_colon(&line) && place.column > above.column;
}

/* "a: b: c", or a line that is indented below a value. */
static void words_second_colon(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	struct place keyless, whole = whole_line(config, complaint->at);
	bool second = false;

	for (size_t i = strspn(line.text, " -"); i + 1 < line.at; i++)
		second = second || (line.text[i] == ':' && line.text[i + 1] == ' ');
	if (second)
		config_error(config, complaint->at,
			"a second ':' in this line; put the value in quotes, or the inner map in "
			"braces");
	else if (find_keyless(config, complaint->at, &keyless))
		tell_keyless(config, keyless);
	else if (is_below_item(config, whole))
		config_error(config, whole,
			"a '- ' is missing before this: the line above is an element already");
	else
		config_error(config, whole,
			"this line is indented below one that has a value already; indent it as "
			"far as the key above");
}

/* A line without "key: value" among the keys of a map. */
static void words_no_colon(struct config *config, const struct yaml_complaint *complaint)
{
	tell_keyless(
		config, whole_line(config, complaint->context ? complaint->from : complaint->at));
}

/* True when nothing follows the place. */
static bool is_end(const struct config *config, struct place place)
{
	const struct source *source = sources_find(config->sources, place);
	struct line line = line_at(config, place);

	return source && place.line >= source->n_lines && line.at >= line.length;
}

/* The second ':' of `{optimizer: adam: {...}}`. */
static bool is_inner_map(const struct config *config, struct place place)
{
	struct line line = line_at(config, place);
	size_t at = line.at;

	if (at >= line.length || line.text[at] != ':')
		return false;
	while (at > 0 && (isalnum((unsigned char)line.text[at - 1]) || line.text[at - 1] == '_'))
		at--;
	return at < line.at && before(&line, at) == ':';
}

/* A list or map in brackets. */
static void words_unclosed(struct config *config, const struct yaml_complaint *complaint)
{
	bool list = strstr(complaint->problem, "']'");

	if (is_end(config, complaint->at)) {
		config_error(config, complaint->from, "'%c' is never closed: a '%c' is missing",
			list ? '[' : '{', list ? ']' : '}');
		return;
	}

	if (is_inner_map(config, complaint->at)) {
		config_error(
			config, complaint->at, "a second ':' here; put the inner map in braces");
		return;
	}
	if (complaint->from.line == complaint->at.line) {
		config_error(config, complaint->at, "expected ',' or '%c' here", list ? ']' : '}');
		config_note(config, complaint->from, "the %s starts here", list ? "list" : "map");
		return;
	}
	config_error(config, complaint->from,
		"'%c' is not closed: a '%c' or a ',' is missing before line %d", list ? '[' : '{',
		list ? ']' : '}', complaint->at.line);
	config_note(config, complaint->at, "this does not fit any more");
}

static void words_unclosed_quote(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->from, "this quote is never closed");
}

/* What is wrong with the character where a key was expected; false when it says nothing. */
static bool words_of_character(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	char here = line.at < line.length ? line.text[line.at] : ' ';
	char before = line.at > 0 ? line.text[line.at - 1] : ' ';

	if (here == ']' || here == '}')
		config_error(config, complaint->at, "a '%c' too many", here);
	else if (here == ':')
		config_error(config, complaint->at, "a key is missing before ':'");
	else if (before == '\'')
		config_error(config, complaint->at,
			"the text in quotes ends before this; write '' for a quote inside it");
	else if (before == '"')
		config_error(config, complaint->at,
			"the text in quotes ends before this; write \\\" for a quote inside it");
	else
		return false;
	return true;
}

static void words_no_key(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	bool is_item = line.at < line.length && line.text[line.at] == '-';

	if (words_of_character(config, complaint))
		return;
	if (is_item && strspn(line.text, " ") == line.at)
		config_error(config, complaint->at,
			"an element of a list ('- ') cannot stand among keys: check its "
			"indentation");
	else
		config_error(config, complaint->at,
			"this does not fit here: check its indentation and the line above");
	config_note(config, complaint->from, "the map that is being read starts here");
}

static void words_no_dash(struct config *config, const struct yaml_complaint *complaint)
{
	if (tell_dash(config, complaint->at))
		return;
	config_error(
		config, complaint->at, "expected another '- ' of the list, or less indentation");
	config_note(config, complaint->from, "the list starts here");
}

static void words_sequence(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"a list cannot start here; start it on a line of its own, or put it in brackets");
}

static void words_escape(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"unknown escape; write '\\\\' for a backslash, or use single quotes");
}

static void words_anchor(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->from,
		"'&' and '*' start an anchor's name; put the text in quotes");
}

static void words_block_tab(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at, "a tab cannot indent YAML; use spaces");
}

static void words_missing_space(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at, "a space is missing after ':'");
}

/* The bracket that ends the line above, when the place is a '- ' of a list. */
static bool find_open_bracket(struct config *config, struct place place, struct place *bracket)
{
	struct line line = line_at(config, place), above;
	struct place last;

	if (!is_item(&line))
		return false;
	last = neighbour(config, place, -1);
	if (!last.line)
		return false;
	last.column += last.length - 1;
	last.length = 1;
	above = line_at(config, last);
	*bracket = last;
	return strchr("[{", above.text[above.at]);
}

static void words_no_content(struct config *config, const struct yaml_complaint *complaint)
{
	struct place bracket;

	if (find_open_bracket(config, complaint->at, &bracket)) {
		config_error(config, bracket,
			"leave this bracket out (and the one that closes it): the list below has "
			"'- '");
		return;
	}
	config_error(config, complaint->at, "expected a value here");
}

static void words_second_document(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"the config ends above this line, which does not belong to it; check the "
		"indentation and the brackets");
}

static const struct {
	const char *problem;
	void (*complain)(struct config *config, const struct yaml_complaint *complaint);
} complaints[] = {
	{"found character that cannot start any token", words_bad_start},
	{"mapping values are not allowed in this context", words_second_colon},
	{"could not find expected ':'", words_no_colon},
	{"did not find expected ',' or ']'", words_unclosed},
	{"did not find expected ',' or '}'", words_unclosed},
	{"found unexpected end of stream", words_unclosed_quote},
	{"found unexpected document indicator", words_unclosed_quote},
	{"did not find expected key", words_no_key},
	{"did not find expected '-' indicator", words_no_dash},
	{"block sequence entries are not allowed in this context", words_sequence},
	{"found unknown escape character", words_escape},
	{"did not find expected alphabetic or numeric character", words_anchor},
	{"found a tab character where an indentation space is expected", words_block_tab},
	{"found a tab character that violates indentation", words_block_tab},
	{"found unexpected ':'", words_missing_space},
	{"did not find expected node content", words_no_content},
	{"did not find expected <document start>", words_second_document},
};

void yaml_complain(struct config *config, const struct yaml_complaint *complaint)
{
	const char *problem = complaint->problem ? complaint->problem : "not understood";

	if (complain_lookalike(config, complaint))
		return;
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
		if (!strcmp(complaints[i].problem, problem)) {
			complaints[i].complain(config, complaint);
			return;
		}
	config_error(config, complaint->at, "not YAML: %s", problem);
	if (complaint->context)
		config_note(config, complaint->from, "%s", complaint->context);
}
