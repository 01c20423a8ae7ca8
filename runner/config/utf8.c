/* utf8 -- see utf8.h. */
#include "runner/config/utf8.h"

#include <stdio.h>
#include <string.h>

enum { BRIEF_CHARACTERS = 40 };

size_t utf8_next(const char *text, size_t left, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)text[0];
	size_t length = lead < 0x80 ? 1 : 0;

	if (lead >> 5 == 0x06)
		length = 2;
	else if (lead >> 4 == 0x0e)
		length = 3;
	else if (lead >> 3 == 0x1e)
		length = 4;
	if (!length || length > left)
		return 0;
	*code = length == 1 ? lead : lead & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte >> 6 != 2)
			return 0;
		*code = *code << 6 | (byte & 0x3fu);
	}
	if (*code < smallest[length] || (*code >= 0xd800 && *code <= 0xdfff) || *code > 0x10ffff)
		return 0;
	return length;
}

bool utf8_is_printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code != 0x7f && (code < 0x80 || code > 0x9f || code == 0x85) && code != 0xfeff &&
	       code != 0xfffe && code != 0xffff;
}

bool utf8_is_text(const char *text, size_t length)
{
	for (size_t i = 0, step; i < length; i += step) {
		uint32_t code;
		step = utf8_next(text + i, length - i, &code);
		if (!step || !utf8_is_printable(code))
			return false;
	}
	return true;
}

/* Those that are no full-width forms of ASCII. */
static const struct {
	uint32_t code;
	char sign;
	const char *name;
} lookalikes[] = {
	{0x00a0, ' ', "a no-break space"},
	{0x2002, ' ', "an en space"},
	{0x2003, ' ', "an em space"},
	{0x2009, ' ', "a thin space"},
	{0x200b, 0, "a space without width"},
	{0x202f, ' ', "a narrow no-break space"},
	{0x3000, ' ', "an ideographic space"},
	{0x2010, '-', "a hyphen of its own"},
	{0x2011, '-', "a no-break hyphen"},
	{0x2012, '-', "a figure dash"},
	{0x2013, '-', "an en dash"},
	{0x2014, '-', "an em dash"},
	{0x2212, '-', "a minus sign"},
	{0x2018, '\'', "a curly quote"},
	{0x2019, '\'', "a curly quote"},
	{0x201c, '"', "a curly quote"},
	{0x201d, '"', "a curly quote"},
	{0x201e, '"', "a low quote"},
	{0x3001, ',', "an ideographic comma"},
	{0x3002, '.', "an ideographic full stop"},
};

static bool is_lookalike(uint32_t code, struct lookalike *found)
{
	found->code = code;
	if (code >= 0xff01 && code <= 0xff5e) { /* in the order of ASCII, from '!' on */
		found->sign = (char)(code - 0xfee0);
		found->name = NULL;
		return true;
	}
	for (size_t i = 0; code >= 0x80 && i < sizeof lookalikes / sizeof *lookalikes; i++) {
		if (lookalikes[i].code != code)
			continue;
		found->sign = lookalikes[i].sign;
		found->name = lookalikes[i].name;
		return true;
	}
	return false;
}

bool utf8_lookalike(const char *text, size_t length, struct lookalike *found)
{
	for (size_t i = 0, step; i < length; i += step) {
		uint32_t code;
		step = utf8_next(text + i, length - i, &code);
		if (step && is_lookalike(code, found)) {
			found->at = text + i;
			found->size = step;
			return true;
		}
		step = step ? step : 1;
	}
	return false;
}

char *utf8_lookalike_advice(const struct lookalike *lookalike, char text[UTF8_ADVICE])
{
	if (!lookalike->name)
		snprintf(text, UTF8_ADVICE, "full-width, YAML needs '%c'", lookalike->sign);
	else if (!lookalike->sign)
		snprintf(text, UTF8_ADVICE, "U+%04X, %s: delete it", lookalike->code,
			lookalike->name);
	else if (lookalike->sign == ' ')
		snprintf(text, UTF8_ADVICE, "U+%04X, %s: write an ordinary one", lookalike->code,
			lookalike->name);
	else
		snprintf(text, UTF8_ADVICE, "U+%04X, %s: write '%c'", lookalike->code,
			lookalike->name, lookalike->sign);
	return text;
}

char *utf8_brief(const char *text, char out[UTF8_BRIEF])
{
	size_t left = strlen(text), used = 0;

	for (int n = 0; left > 0; n++) {
		uint32_t code;
		size_t step = utf8_next(text, left, &code);
		if (n == BRIEF_CHARACTERS) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (!step || !utf8_is_printable(code) || code < ' ') {
			out[used++] = step && code < ' ' ? ' ' : '?';
			step = step ? step : 1;
		} else {
			memcpy(out + used, text, step);
			used += step;
		}
		text += step;
		left -= step;
	}
	out[used] = 0;
	return out;
}
