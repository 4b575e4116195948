/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A store as years of use leave it, made through the store's own functions:
 *
 *	generate [--seed N] [--conversations N] [--entries N] [--long N]
 *	    [--turns N] [--forks N] FILE
 *
 * Words come from a vocabulary in which few are frequent and most are rare, as
 * in Zipf's law, in several languages. The same numbers make the same store, so
 * far as anybody can ask for it: words, ids, dates and branches.
 *
 * Conversations are called "No 1 ...", "No 2 ..." and so on, the oldest first.
 * Two more are always there: conv_long, "A long talk", with --long entries, and
 * conv_tree, "A tree with forks", with --turns turns and --forks branches: half
 * of them from the last answer but one, the others spread over the trunk.
 */
#include "config.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/conversation.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Words of a language; beyond the first, real ones they are made of its syllables. */
#define VOCABULARY 20000

/* What one transaction holds: large ones are quicker, but all of it is in memory. */
#define BATCH_ENTRIES 20000

/* The first conversation began on this day, the last one a hundred thousand hours later. */
#define FIRST_SECOND 1420070400
#define SPAN (100000 * (int64_t)3600)

struct language {
	const char *words, *syllables; /* separated by blanks */
	const char *blank, *stop;
};

static const struct language languages[] = {
    {"the of and to a in is that it was for on are with as this be at by not have from or one "
     "had but all what were when we there can an your which their if do will how each about "
     "out many then them write would like so these her long make thing see him two has look "
     "more day could go come did number sound no most people my over know water than call first "
     "who may down side been now find any new work part take get place made live where after "
     "back little only round man year came show every good me give our under name very through "
     "compile server kernel branch memory thread error please explain function table window",
	"ab ac ad al am an ar as at ba be bo ca ce co con da de di du el en er es ex fa fi for "
	"ga ge gra ha he ho il im in is ja ke ki la le li lo ma me mi mo na ne ni no nu ob on or "
	"pa pe pi pla po pre pro ra re ri ro sa se si so sta stru su ta te ti to tra tu ul un ur "
	"va ve vi vo wa we wi tion ment ness ing ly er ous",
	" ", ". "},
    {"de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il "
     "sont avec son ou comme mais nous cette tout être fait elle deux leur où même dont très "
     "aussi peut temps après sans année déjà français été garçon forêt cœur",
	"a an ba bé bou ca cé cha cou da dé di dou é en é fa fé fi ga gé gi ha i in ja je la lé "
	"li lou ma mé mi mou na né ni nou o ou pa pé pi pou qua que ra ré ri rou sa sé si sou ta "
	"té ti tou u va vé vi vou tion ment eur eux aise",
	" ", ". "},
    {"der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es "
     "an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so "
     "zum war haben nur oder aber vor zur bis mehr durch man sein schön größe straße",
	"ab an auf aus be bei da de do eh ein er fa fe fi ge gra ha he hin in ja ka ke kom la le "
	"lich ma me mi mit na ne no ob ord pa pf qu ra re ri sa sch se so sta ste ta te ti um un "
	"ur ver vor wa we wi zu zwi ung heit keit lich bar ä ö ü",
	" ", ". "},
    {"и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой от "
     "так о для ты же все год мочь человек такой его сказать только или ещё бы себя один как",
	"а ба бе би бо ва ве ви во га ге го да де ди до е жа же жи за зе зо и ка ке ко ла ле ли ло "
	"ма ме ми мо на не ни но о па пе по ра ре ри ро са се си со та те ти то у фа хо че ша ще "
	"ы ость ение ство",
	" ", ". "},
    {"και το να του η της με που την από για είναι ο στο οι στη θα τα δεν τον ένα μια ως αυτό",
	"α βα γε δι ε ζω η θα ι κα κε κο λα λε λο μα με μι να νε νο ξε ο πα πε πο ρα ρε ρο σα σε "
	"σι τα τε το υ φα χα ψυ ω μός ση τητα",
	" ", ". "},
    {"は が の を に で と も する ある いる これ それ 日本 時間 今日 明日 言葉 世界 東京 学生 "
     "先生",
	"あ い う え お か き く け こ さ し す せ そ た ち つ て と な に ぬ ね の は ひ ふ へ ほ "
	"ま み "
	"む め も や ゆ よ ら り る れ ろ わ ん 日 月 火 水 木 金 土 山 川 田 人 口 車 門 気 電 話 "
	"書",
	"", "。"},
};

struct vocabulary {
	ARRAY(char *) words;
};

struct generator {
	struct store *store;
	uint64_t random;
	struct vocabulary vocabularies[COUNT(languages)];
	uint64_t weights[VOCABULARY]; /* running sums of 1/rank */
	int pending;		      /* entries since the last commit */
	long conversations, entries;  /* made so far */
	struct error err;
};

static void
check(struct generator *g, bool good)
{
	if (good)
		return;
	fprintf(stderr, "generate: %s\n", g->err.text != NULL ? g->err.text : "?");
	exit(1);
}

/* Vigna's splitmix64: the same everywhere, unlike random(3). */
static uint64_t
next_random(struct generator *g)
{
	uint64_t z = g->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static long
between(struct generator *g, long least, long most)
{
	return least + (long)(next_random(g) % (uint64_t)(most - least + 1));
}

/* The words of a text with blanks, as an array of strings in its copy. */
static size_t
split(char *text, const char **words, size_t max)
{
	size_t count = 0;
	char *rest;

	for (char *w = strtok_r(text, " ", &rest); w != NULL && count < max;
	     w = strtok_r(NULL, " ", &rest))
		words[count++] = w;
	return count;
}

static void
make_vocabulary(struct generator *g, size_t number)
{
	struct vocabulary *v = &g->vocabularies[number];
	char *real = xstrdup(languages[number].words),
	     *parts = xstrdup(languages[number].syllables);
	const char *words[256], *syllables[256];
	size_t word_count = split(real, words, COUNT(words));
	size_t syllable_count = split(parts, syllables, COUNT(syllables));

	for (size_t i = 0; i < VOCABULARY; i++) {
		struct buf word = BUF_EMPTY;

		if (i < word_count)
			buf_puts(&word, words[i]);
		for (long left = i < word_count ? 0 : between(g, 2, 4); left > 0; left--)
			buf_puts(&word, syllables[between(g, 0, (long)syllable_count - 1)]);
		array_push(&v->words, buf_take(&word));
	}
	free(real);
	free(parts);
}

static void
make_vocabularies(struct generator *g)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(languages); i++)
		make_vocabulary(g, i);
	for (size_t i = 0; i < VOCABULARY; i++)
		g->weights[i] = sum += 1000000000 / (i + 1);
}

static const char *
random_word(struct generator *g, size_t language)
{
	uint64_t at = next_random(g) % g->weights[VOCABULARY - 1];
	size_t low = 0, high = VOCABULARY - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (g->weights[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return g->vocabularies[language].words.items[low];
}

static void
add_text(struct generator *g, size_t language, long words, struct buf *out)
{
	const struct language *l = &languages[language];

	for (long i = 0; i < words; i++) {
		if (i > 0)
			buf_puts(out, i % 60 == 0 ? "\n\n" : i % 12 == 0 ? l->stop : l->blank);
		buf_puts(out, random_word(g, language));
	}
}

/* Most conversations are in English. */
static size_t
random_language(struct generator *g)
{
	long n = between(g, 0, 9);

	return n < 5 ? 0 : (size_t)n - 4;
}

static char *
date(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[CLOCK_ISO_SIZE];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	return xstrdup(text);
}

static char *
make_id(struct generator *g, const char *prefix)
{
	unsigned long long high = next_random(g), low = next_random(g);

	return xasprintf("%s_%016llx%016llx", prefix, high, low);
}

static void
commit(struct generator *g)
{
	check(g, store_end(g->store, true, &g->err));
	check(g, store_begin(g->store, false, &g->err));
	g->pending = 0;
}

static struct conversation *
add_conversation(struct generator *g, const char *id, const char *title, int64_t parent,
    int64_t fork, int64_t when)
{
	struct conversation *c = conversation_new();

	c->connection = xstrdup("mistral");
	c->model = xstrdup("mistral-medium-latest");
	c->id = id != NULL ? xstrdup(id) : make_id(g, "conv");
	c->title = xstrdup(title);
	c->parent = parent;
	c->fork = fork;
	c->created_at = date(when);
	c->updated_at = date(when);
	check(g, conversation_insert(g->store, c, &g->err));
	g->conversations++;
	return c;
}

static int64_t
add_entry(struct generator *g, int64_t conversation, struct entry *entry, int64_t when)
{
	int64_t key;

	entry->id = make_id(g, "msg");
	entry->created_at = date(when);
	check(g, entry_insert(g->store, conversation, 0, entry, &g->err));
	key = entry->key;
	entry_free(entry);
	g->entries++;
	g->pending++;
	return key;
}

static int64_t
add_tool(struct generator *g, int64_t conversation, size_t language, int64_t when)
{
	struct entry *entry = entry_new(ENTRY_TOOL_EXECUTION);

	entry->name = xstrdup("web_search");
	buf_puts(&entry->arguments, "{\"query\":\"");
	add_text(g, language, between(g, 1, 5), &entry->arguments);
	buf_puts(&entry->arguments, "\"}");
	return add_entry(g, conversation, entry, when);
}

static int64_t
add_prompt(struct generator *g, int64_t conversation, size_t language, int64_t when)
{
	struct buf text = BUF_EMPTY;
	struct entry *entry;

	add_text(g, language, between(g, 1, 15) * between(g, 1, 2), &text);
	entry = entry_new_input(text.data, text.len);
	buf_done(&text);
	return add_entry(g, conversation, entry, when);
}

static int64_t
add_answer(struct generator *g, int64_t conversation, size_t language, int64_t when)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);

	entry->assistant = true;
	entry->model = xstrdup("mistral-medium-latest");
	if (between(g, 0, 19) == 0)
		add_text(
		    g, language, between(g, 10, 60), &entry_chunk(entry, 0, CHUNK_THINKING)->text);
	add_text(g, language, between(g, 1, 15) * between(g, 1, 6),
	    &entry_chunk(entry, (int)entry->chunks.len, CHUNK_TEXT)->text);
	return add_entry(g, conversation, entry, when);
}

/* Turns of two entries, or three: the key of the last one. */
static int64_t
talk(struct generator *g, int64_t conversation, size_t language, long entries, int64_t when)
{
	int64_t key = 0;

	while (entries > 0) {
		key = add_prompt(g, conversation, language, when);
		entries--;
		if (entries > 1 && between(g, 0, 29) == 0) {
			key = add_tool(g, conversation, language, when);
			entries--;
		}
		if (entries > 0) {
			key = add_answer(g, conversation, language, when);
			entries--;
		}
		when += 60;
	}
	return key;
}

static void
add_talk(struct generator *g, const char *id, const char *title, long entries, int64_t when)
{
	struct conversation *c;

	c = add_conversation(g, id, title, 0, 0, when);
	talk(g, c->key, random_language(g), entries, when);
	check(g, tree_refresh(g->store, c->root, c->key, &g->err));
	conversation_free(c);
}

/* One of many, called by its number and a few words. */
static void
add_any(struct generator *g, long number, long entries, int64_t when)
{
	struct buf title = BUF_EMPTY;

	buf_printf(&title, "No %ld ", number);
	add_text(g, random_language(g), between(g, 2, 6), &title);
	add_talk(g, NULL, title.data, entries, when);
	buf_done(&title);
}

static void
add_tree(struct generator *g, long turns, long forks, int64_t when)
{
	const char *title = "A tree with forks";
	struct conversation *trunk = add_conversation(g, "conv_tree", title, 0, 0, when), *branch;
	ARRAY(int64_t) answers = {0};

	for (long i = 0; i < turns - forks; i++)
		array_push(&answers, talk(g, trunk->key, 0, 2, when));
	for (long i = 0; i < forks && answers.len > 0; i++) {
		size_t at = answers.len * (size_t)i / (size_t)forks;

		if (i % 2 == 0 && answers.len > 1)
			at = answers.len - 2;
		branch = add_conversation(g, NULL, title, trunk->key, answers.items[at], when);
		talk(g, branch->key, 0, 2, when);
		check(g, tree_refresh(g->store, branch->root, branch->key, &g->err));
		conversation_free(branch);
	}
	array_done(&answers);
	conversation_free(trunk);
}

struct sizes {
	long seed, conversations, entries, long_talk, turns, forks;
};

static void
generate(struct generator *g, const struct sizes *sizes)
{
	long rest = sizes->entries - sizes->long_talk - 2 * sizes->turns;
	long talks = sizes->conversations - sizes->forks - 2;

	make_vocabularies(g);
	for (long i = 0; i < talks; i++) {
		long mean = rest / (talks - i), count = mean;

		/* Short ones are the most, and a few are very long. */
		if (i < talks - 1)
			count = between(g, 0, 9) == 0 ? between(g, mean, 5 * mean)
						      : between(g, 2, mean + mean / 3 + 2);
		if (count > rest)
			count = rest;
		rest -= count;
		add_any(g, i + 1, count, FIRST_SECOND + SPAN / talks * i);
		if (g->pending > BATCH_ENTRIES)
			commit(g);
	}
	add_talk(g, "conv_long", "A long talk", sizes->long_talk, FIRST_SECOND + SPAN / 2);
	add_tree(g, sizes->turns, sizes->forks, FIRST_SECOND + SPAN / 3);
}

static bool
read_sizes(int count, char **args, struct sizes *sizes)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'},
	    {"conversations", required_argument, NULL, 'c'},
	    {"entries", required_argument, NULL, 'e'}, {"long", required_argument, NULL, 'l'},
	    {"turns", required_argument, NULL, 't'}, {"forks", required_argument, NULL, 'f'},
	    {NULL, 0, NULL, 0}};
	int option;

	*sizes = (struct sizes){.seed = 1,
	    .conversations = 100,
	    .entries = 4000,
	    .long_talk = 2000,
	    .turns = 300,
	    .forks = 40};
	while ((option = getopt_long(count, args, "", options, NULL)) != -1) {
		long value = optarg != NULL ? strtol(optarg, NULL, 10) : -1;

		if (value < 0)
			return false;
		switch (option) {
		case 's':
			sizes->seed = value;
			break;
		case 'c':
			sizes->conversations = value;
			break;
		case 'e':
			sizes->entries = value;
			break;
		case 'l':
			sizes->long_talk = value;
			break;
		case 't':
			sizes->turns = value;
			break;
		case 'f':
			sizes->forks = value;
			break;
		default:
			return false;
		}
	}
	return optind + 1 == count && sizes->turns > sizes->forks &&
	       sizes->conversations > sizes->forks + 2 &&
	       sizes->entries >= sizes->long_talk + 2 * sizes->turns;
}

int
main(int count, char **args)
{
	struct generator *g = xcalloc(1, sizeof(*g));
	struct sizes sizes;
	bool read_only;

	if (!read_sizes(count, args, &sizes)) {
		fprintf(stderr,
		    "Usage: generate [--seed N] [--conversations N] [--entries N] [--long N]"
		    " [--turns N] [--forks N] FILE\n");
		return 2;
	}
	g->random = (uint64_t)sizes.seed;
	g->store = store_open(args[optind], &read_only, &g->err);
	check(g, g->store != NULL && !read_only);
	check(g, db_exec(g->store->db, "PRAGMA cache_size = -262144", &g->err));
	check(g, store_begin(g->store, false, &g->err));
	generate(g, &sizes);
	check(g, store_end(g->store, true, &g->err));
	store_close(g->store);
	printf("%ld conversations, %ld entries\n", g->conversations, g->entries);
	for (size_t i = 0; i < COUNT(languages); i++) {
		for (size_t j = 0; j < g->vocabularies[i].words.len; j++)
			free(g->vocabularies[i].words.items[j]);
		array_done(&g->vocabularies[i].words);
	}
	free(g);
	return 0;
}
