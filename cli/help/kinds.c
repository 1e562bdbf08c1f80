/* kinds: the catalog of events. */
#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/help/example.h"
#include "cli/print/pager.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "ledger/kinds/kind.h"

enum { K_NAMES, K_EXAMPLE, K_MARKDOWN };
static const struct opt options[] = {
    [K_NAMES] = {"names", 0, NULL, "only the names, one per line"},
    [K_EXAMPLE] = {"example", 0, NULL, "an example of KIND: a line for 'ingest jsonl', and an 'append' command"},
    [K_MARKDOWN] = {"markdown", 0, NULL, "the whole catalog as a Markdown document"},
    {0},
};

#define DOC_MAX ((size_t)16 << 20)

static void put_members(struct obj *obj, const struct kind_field *list) {
    struct obj members = {0};
    for (size_t i = 0; i < list->n_members; i++) {
        const struct kind_field *m = &list->members[i];
        struct obj member = {0};
        obj_text(&member, "name", m->name);
        obj_text(&member, "type", kind_type_name(m->type));
        obj_bool(&member, "required", (m->flags & KIND_REQUIRED) != 0);
        obj_text(&member, "values", m->values);
        obj_text(&member, "help", m->help);
        obj_obj(&members, NULL, &member);
    }
    obj_list(obj, "members", &members);
}

static void put_kind(struct obj *obj, const struct kind *kind) {
    struct obj fields = {0};
    for (size_t i = 0; i < kind->n_fields; i++) {
        const struct kind_field *f = &kind->fields[i];
        struct obj field = {0};
        obj_text(&field, "name", f->name);
        obj_text(&field, "type", kind_type_name(f->type));
        obj_bool(&field, "required", (f->flags & KIND_REQUIRED) != 0);
        obj_bool(&field, "open", (f->flags & KIND_OPEN) != 0);
        obj_bool(&field, "indexed", (f->flags & KIND_INDEXED) != 0);
        obj_text(&field, "values", f->values);
        obj_text(&field, "help", f->help);
        if (f->n_members > 0) {
            put_members(&field, f);
        }
        obj_obj(&fields, NULL, &field);
    }
    obj_text(obj, "name", kind->name);
    obj_uint(obj, "schema", kind->schema);
    obj_text(obj, "subject", kind->subject);
    obj_text(obj, "help", kind->help);
    obj_list(obj, "fields", &fields);
}

/* The kinds selected on the command line: one, those of a family or a pattern, or all. */
struct choice {
    const struct kind *only;
    const char *pattern; /* NULL: all */
};

static bool is_chosen(const struct choice *choice, const struct kind *kind) {
    struct bytes pattern = bytes_of(choice->pattern), name = bytes_of(kind->name);
    if (choice->only != NULL || choice->pattern == NULL) {
        return choice->only == NULL || choice->only == kind;
    }
    return glob_is_pattern(pattern)
               ? glob_match(pattern, name)
               : bytes_has_prefix(name, choice->pattern) && name.n > pattern.n && name.p[pattern.n] == '.';
}

static int print_json(struct cli *cli, const struct choice *choice) {
    struct obj obj = {0};
    if (choice->only) {
        put_kind(&obj, choice->only);
    } else {
        struct obj all = {0};
        for (size_t i = 0; i < kind_count(); i++) {
            struct obj kind = {0};
            if (!is_chosen(choice, kind_at(i))) continue;
            put_kind(&kind, kind_at(i));
            obj_obj(&all, NULL, &kind);
        }
        obj_list(&obj, "kinds", &all);
    }
    return cli_print(cli, &obj, false);
}

static int print_one(struct cli *cli, const struct kind *kind) {
    static const struct table_column columns[] = {
        {"FIELD", false, 0}, {"TYPE", false, 0}, {"NEED", false, 0}, {"SEEN", false, 0}, {"MEANING", false, 0},
    };
    out_printf(cli, "%s%s%s (schema %u)\n%s\nsubject: %s\n", out_color(cli, OUT_BOLD), kind->name,
               out_color(cli, OUT_PLAIN), kind->schema, kind->help, kind->subject);
    if (kind->n_fields == 0) return EXIT_GOOD;
    out_str(cli, "\n");
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < kind->n_fields; i++) {
        const struct kind_field *f = &kind->fields[i];
        char help[1024];
        int n = snprintf(help, sizeof(help), "%s%s%s%s", f->help, f->values ? " (" : "", f->values ? f->values : "",
                         f->values ? ")" : "");
        for (size_t m = 0; m < f->n_members && n > 0 && (size_t)n < sizeof(help); m++) {
            n += snprintf(help + n, sizeof(help) - (size_t)n, "%s%s%s", m == 0 ? ": " : ", ", f->members[m].name,
                          f->members[m].flags & KIND_REQUIRED ? " (required)" : "");
        }
        table_text(table, f->name);
        table_text(table, kind_type_name(f->type));
        table_text(table, (f->flags & KIND_REQUIRED) ? "required" : "");
        table_text(table, (f->flags & KIND_OPEN) ? "open" : "private");
        table_text(table, help);
    }
    return table_end(table);
}

static int print_all(struct cli *cli, const struct choice *choice) {
    static const struct table_column columns[] = {
        {"KIND", false, 0}, {"SCHEMA", true, 0}, {"SUBJECT", false, 32}, {"MEANING", false, 0}};
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *kind = kind_at(i);
        if (!is_chosen(choice, kind)) continue;
        table_text(table, kind->name);
        table_uint(table, kind->schema);
        table_text(table, kind->subject);
        table_text(table, kind->help);
    }
    return table_end(table);
}

static int print_markdown(struct cli *cli) {
    struct buf text = {.max = DOC_MAX};
    struct err err = {0};
    kind_doc(&text);
    int rc = buf_check(&text, "the catalog", &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&text));
    }
    buf_done(&text);
    return rc == 0 ? EXIT_GOOD : cli_fail_as(cli, &err, EXIT_SYSTEM);
}

/* Both are accepted unchanged: `ledger kinds K --example | head -n 1 | ledger ingest jsonl -`. */
static int print_example(struct cli *cli, const struct kind *kind) {
    struct buf line = {.max = 65536}, command = {.max = 65536};
    struct err err = {0};
    int exit_code;
    if (!example_has(kind)) {
        return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "'%s' is written only by the ledger itself: it has no example",
                          kind->name);
    }
    int rc = example_line(kind, &line, &err);
    if (rc == 0) rc = example_command(kind, &command, &err);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        obj_str(&obj, "line", bytes_of_buf(&line));
        obj_str(&obj, "command", bytes_of_buf(&command));
        exit_code = cli_print(cli, &obj, false);
    } else {
        out_printf(cli, "%.*s\n%.*s\n", (int)line.n, (const char *)line.p, (int)command.n, (const char *)command.p);
        exit_code = EXIT_GOOD;
    }
    buf_done(&command);
    buf_done(&line);
    return exit_code;
}

static int unknown_kind(struct cli *cli, const char *name) {
    struct text_near near = {.name = kind_suggest(bytes_of(name))};
    return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "unknown kind '%.200s'%s", name, text_near_words(&near));
}

static int kinds(struct cli *cli, const struct opt_args *args) {
    struct choice choice = {0};
    size_t n = 0;
    if (opt_has(args, &options[K_MARKDOWN]) && (args->n_args > 0 || opt_has(args, &options[K_NAMES]))) {
        return cli_usage(cli, "--markdown prints the whole catalog: it takes no KIND and no --names");
    }
    if (args->n_args == 1) {
        choice = (struct choice){kind_find(bytes_of(args->args[0])), args->args[0]};
    }
    for (size_t i = 0; i < kind_count(); i++) {
        n += is_chosen(&choice, kind_at(i));
    }
    if (n == 0) return unknown_kind(cli, args->args[0]);
    if (opt_has(args, &options[K_EXAMPLE])) {
        return choice.only ? print_example(cli, choice.only) : cli_usage(cli, "--example needs one KIND");
    }
    if (opt_has(args, &options[K_NAMES])) {
        for (size_t i = 0; i < kind_count(); i++) {
            if (is_chosen(&choice, kind_at(i))) {
                out_printf(cli, "%s\n", kind_at(i)->name);
            }
        }
        return EXIT_GOOD;
    }
    if (opt_has(args, &options[K_MARKDOWN])) return print_markdown(cli);
    if (cli->json) return print_json(cli, &choice);
    struct pager pager = {.wanted = true};
    pager_begin(&pager, cli);
    int exit_code = choice.only ? print_one(cli, choice.only) : print_all(cli, &choice);
    pager_end(&pager, cli);
    return exit_code;
}

const struct spec spec_kinds = {
    .synopsis = "[KIND | FAMILY | PATTERN] [--names | --example | --markdown]",
    .about = "Lists the kinds of events in the catalog, or the fields of one kind: type, whether it is\n"
             "required, and whether it is open (in the body) or private. Fields that the kind does not list\n"
             "are private. Kinds of your own are named x.<vendor>.<name> and need no entry. A family ('pack')\n"
             "or a pattern ('*.declared') selects several kinds.\n\n"
             "--example prints an event of the kind twice, as a line for 'ledger ingest jsonl' and as an\n"
             "'append' command, both ready to use. Exit code 1 for an unknown kind, and for an example of a\n"
             "kind that only the ledger itself writes.",
    .examples = "ledger kinds\nledger kinds pack\nledger kinds route.decided\nledger kinds pack.installed --example\n"
                "ledger kinds --json | jq '.kinds[].name'",
    .opts = options,
    .max_args = 1,
    .run = kinds,
};
