/* The option parser. It knows nothing of commands: tables in, values out. So every command accepts the same forms and
 * rejects a wrong option with the same words. */
#include "cli/call/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct parse {
    const struct opt *table, *more;
    int argc, at;
    char **argv;
    struct opt_args out;
};

static const struct opt *find_long(const struct opt *table, const char *name, size_t n) {
    for (; table && table->name; table++) {
        if (strlen(table->name) == n && memcmp(table->name, name, n) == 0) return table;
    }
    return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter) {
    for (; table && table->name; table++) {
        if (table->letter == letter) return table;
    }
    return NULL;
}

static void add_value(struct parse *p, const struct opt *opt, const char *text) {
    p->out.values[p->out.n_values++] = (struct opt_value){.opt = opt, .text = text};
}

static int parse_long(struct parse *p, char *word, struct err *err) {
    const char *name = word + 2;
    const char *eq = strchr(name, '=');
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    const struct opt *opt = find_long(p->table, name, n);
    if (!opt) {
        opt = find_long(p->more, name, n);
    }
    if (!opt) {
        char copy[64];
        snprintf(copy, sizeof(copy), "%.*s", n > 60 ? 60 : (int)n, name);
        struct text_near near = {.text = copy};
        const struct opt *tables[2] = {p->table, p->more};
        for (size_t i = 0; i < 2; i++) {
            for (const struct opt *o = tables[i]; o && o->name; o++) {
                text_near_offer(&near, o->name);
            }
        }
        return err_set(err, ERR_INVALID, "unknown option '--%s'%s%s%s", copy, near.name ? ", did you mean '--" : "",
                       near.name ? near.name : "", near.name ? "'?" : "");
    }
    if (!opt->value) {
        if (eq) return err_set(err, ERR_INVALID, "option '--%s' takes no value", opt->name);
        add_value(p, opt, NULL);
        return 0;
    }
    if (eq) {
        add_value(p, opt, eq + 1);
        return 0;
    }
    if (p->at >= p->argc) {
        return err_set(err, ERR_INVALID, "option '--%s' needs a value: %s", opt->name, opt->value);
    }
    add_value(p, opt, p->argv[p->at++]);
    return 0;
}

static int parse_letters(struct parse *p, char *word, struct err *err) {
    for (const char *c = word + 1; *c; c++) {
        const struct opt *opt = find_letter(p->table, *c);
        if (!opt) {
            opt = find_letter(p->more, *c);
        }
        if (!opt) {
            return err_set(err, ERR_INVALID, "unknown option '-%c'", *c > 0x20 && *c < 0x7f ? *c : '?');
        }
        if (!opt->value) {
            add_value(p, opt, NULL);
            continue;
        }
        if (c[1]) {
            add_value(p, opt, c + 1);
        } else if (p->at < p->argc) {
            add_value(p, opt, p->argv[p->at++]);
        } else {
            return err_set(err, ERR_INVALID, "option '-%c' needs a value: %s", *c, opt->value);
        }
        return 0;
    }
    return 0;
}

int opt_parse(const struct opt *table, const struct opt *more, int argc, char **argv, bool to_word, struct opt_args *ret,
              int *ret_used, struct err *err) {
    struct parse p = {.table = table, .more = more, .argc = argc, .argv = argv};
    size_t letters = 0;
    for (int i = 0; i < argc; i++) {
        letters += strlen(argv[i]); /* a word of bundled flags has at most as many values as bytes */
    }
    p.out.values = calloc(letters + 1, sizeof(*p.out.values));
    p.out.args = calloc((size_t)argc + 1, sizeof(*p.out.args));
    int rc = 0;
    if (!p.out.values || !p.out.args) rc = err_set(err, ERR_NOMEM, "no memory for the options");
    bool words_only = false;
    while (rc == 0 && p.at < argc) {
        char *word = argv[p.at];
        bool is_word = words_only || word[0] != '-' || word[1] == '\0';
        if (is_word && to_word) break;
        p.at++;
        if (is_word) {
            p.out.args[p.out.n_args++] = word;
        } else if (strcmp(word, "--") == 0) {
            words_only = true;
        } else {
            rc = word[1] == '-' ? parse_long(&p, word, err) : parse_letters(&p, word, err);
        }
    }
    if (rc != 0) {
        opt_done(&p.out);
        return rc;
    }
    *ret = p.out;
    if (ret_used) {
        *ret_used = p.at;
    }
    return 0;
}

void opt_done(struct opt_args *args) {
    free(args->values);
    free(args->args);
    memset(args, 0, sizeof(*args));
}

bool opt_has(const struct opt_args *args, const struct opt *opt) {
    for (size_t i = 0; i < args->n_values; i++) {
        if (args->values[i].opt == opt) return true;
    }
    return false;
}

const char *opt_text(const struct opt_args *args, const struct opt *opt) {
    const char *text = NULL;
    for (size_t i = 0; i < args->n_values; i++) {
        if (args->values[i].opt == opt) {
            text = args->values[i].text;
        }
    }
    return text;
}

const char *opt_next(const struct opt_args *args, const struct opt *opt, size_t *at) {
    while (*at < args->n_values) {
        const struct opt_value *value = &args->values[(*at)++];
        if (value->opt == opt) return value->text;
    }
    return NULL;
}

int opt_u64(const struct opt_args *args, const struct opt *opt, uint64_t *ret, struct err *err) {
    const char *text = opt_text(args, opt);
    if (!text) return 0;
    uint64_t v = 0;
    if (text_parse_u64(bytes_of(text), &v) != 0 || v > INT64_MAX) {
        return err_set(err, ERR_INVALID, "option '--%s': '%.40s' is not a whole number (expected digits only, such as 3)",
                       opt->name, text);
    }
    *ret = v;
    return 0;
}
