/* knobs_unused -- knobs_check (knobs.h). A look at the words alone: whether a $name is ever reached
 * does not matter. */
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/config/forms.h"
#include "runner/config/knobs.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

/* True when some `each` in the tree calls its elements `name`. */
static bool is_given_by_each(const struct node *node, const char *name)
{
	if (node->kind == NODE_MAP && node_is(node_get(node, "as"), name))
		return true;
	for (int i = 0; i < node->n; i++)
		if (is_given_by_each(
			    node->kind == NODE_LIST ? node->items[i] : node->entries[i].value,
			    name))
			return true;
	return false;
}

struct taken {
	const struct node *root, *params;
	bool *by_index; /* of each entry of params */
};

/* A misspelt $name counts as taking up the knob that it means: one mistake, one error. */
static void mark_name(struct taken *taken, const char *name)
{
	struct suggestion meant = {.wrong = name};
	const struct node *params = taken->params;

	if (!node_entry(params, name) && is_given_by_each(taken->root, name))
		return;
	for (int i = 0; i < params->n; i++)
		suggestion_try(&meant, params->entries[i].key->text);
	if (meant.best)
		taken->by_index[node_entry(params, meant.best) - params->entries] = true;
}

static void mark_references(struct taken *taken, const struct node *node)
{
	const struct node *each;
	char name[NAME_MAX_BYTES];

	if (is_reference(node) && reference_name(node->text, name))
		mark_name(taken, name);
	each = node_get(node, "each");
	if (each && each->kind == NODE_SCALAR && node_entry(taken->params, each->text))
		mark_name(taken, each->text); /* told where its '$' is missed */
	for (int i = 0; i < node->n; i++) {
		if (node->kind == NODE_LIST) {
			mark_references(taken, node->items[i]);
			continue;
		}
		mark_references(taken, node->entries[i].key);
		mark_references(taken, node->entries[i].value);
	}
}

static void tell_unused(struct config *config, const struct node *params, const struct entry *knob)
{
	struct suggestion meant = {.wrong = knob->key->text};
	char text[SUGGESTION_TEXT];

	for (int i = 0; i < params->n; i++)
		if (&params->entries[i] != knob)
			suggestion_try(&meant, params->entries[i].key->text);
	config_error(config, knob->key->place,
		"nothing takes up the knob '%s': $%s stands nowhere%s", knob->key->text,
		knob->key->text, suggestion_text(&meant, text));
}

/* False for a knob that is to be dropped. */
static bool check_knob(
	struct config *config, const struct node *params, const struct entry *knob, bool taken)
{
	const struct source *source = sources_find(config->sources, knob->key->place);
	char brief[UTF8_BRIEF];

	if (!is_knob_name(knob->key->text)) {
		config_error(config, knob->key->place,
			"a knob's name is made of letters, digits and '_', not '%s'",
			utf8_brief(knob->key->text, brief));
		return true;
	}
	if (taken)
		return true;
	if (source && source->extended_at.line)
		return false;
	tell_unused(config, params, knob);
	return true;
}

/* `params` when it is a map of knobs, else NULL and, where it is anything else, an error. */
static struct node *find_params(struct config *config, struct node *root)
{
	struct node *params = node_get(root, "params");
	char found[NODE_FOUND];

	if (!params || params->kind == NODE_MAP)
		return params;
	if (params->kind != NODE_BAD && !node_is_null(params))
		config_error(config, params->place, "'params' expects a map of knobs, found %s",
			node_found(params, found));
	return NULL;
}

static void drop_knobs(struct node *params, const bool *keep)
{
	int kept = 0;

	for (int i = 0; i < params->n; i++)
		if (keep[i])
			params->entries[kept++] = params->entries[i];
	params->n = kept;
}

void knobs_check(struct config *config, struct node *root)
{
	struct node *params = find_params(config, root);
	struct taken taken = {.root = root, .params = params};

	if (!params || params->n == 0)
		return;
	taken.by_index =
		arena_take(config->arena, (size_t)params->n * sizeof *taken.by_index, NULL);
	if (!taken.by_index) {
		config_no_memory(config);
		return;
	}
	mark_references(&taken, root);
	for (int i = 0; i < params->n; i++)
		taken.by_index[i] =
			check_knob(config, params, &params->entries[i], taken.by_index[i]);
	drop_knobs(params, taken.by_index);
}
