/* token: who may ask the server of 'ledger serve'. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/serve/access_event.h"

enum { N_SCOPE, N_KIND, N_EXPIRES };
static const struct opt new_options[] = {
    [N_SCOPE] = {"scope", 's', "SCOPE",
                 "what it may do: read:states, read:events, verify, append, read:jobs, write:jobs (several; default: the "
                 "first two)"},
    [N_KIND] = {"kind", 'k', "KIND", "with append: which kinds, 'run.*' (several)"},
    [N_EXPIRES] = {"expires-in", 0, "AGE", "until when: 30d, 12h (default: until it is revoked)"},
    {0},
};
enum { R_REASON };
static const struct opt revoke_options[] = {
    [R_REASON] = {"reason", 0, "TEXT", "why; kept private"},
    {0},
};

/* ---- new ---- */

static int read_scopes(struct cli *cli, const struct opt_args *args, unsigned *ret) {
    size_t at = 0;
    *ret = 0;
    for (const char *text; (text = opt_next(args, &new_options[N_SCOPE], &at)) != NULL;) {
        unsigned scope = access_scope_of(bytes_of(text));
        struct text_near near = {.text = text};
        for (size_t bit = 0; bit < ACCESS_SCOPES; bit++) {
            text_near_offer(&near, access_scope_name(bit));
        }
        if (scope == 0) {
            return cli_usage(cli,
                             "--scope '%.40s' is no scope%s (expected read:states, read:events, verify, append, read:jobs "
                             "or write:jobs)",
                             text, text_near_words(&near));
        }
        *ret |= scope;
    }
    if (*ret == 0) *ret = ACCESS_READ_STATES | ACCESS_READ_EVENTS;
    return 0;
}

static int read_kinds(struct cli *cli, const struct opt_args *args, struct access_token *ret) {
    size_t at = 0;
    for (const char *text; (text = opt_next(args, &new_options[N_KIND], &at)) != NULL;) {
        if (!access_kind_ok(bytes_of(text)))
            return cli_usage(cli, "--kind '%.80s' is no kind; expected 'run.finished', 'run.*'", text);
        if (ret->n_kinds == ACCESS_KINDS) return cli_usage(cli, "a token has at most %d kinds", ACCESS_KINDS);
        snprintf(ret->kinds[ret->n_kinds++], ACCESS_KIND_MAX, "%s", text);
    }
    bool appends = (ret->scopes & ACCESS_APPEND) != 0;
    if (appends && ret->n_kinds == 0)
        return cli_usage(cli, "--kind is missing: a token appends the kinds that it names, and no others");
    return appends || ret->n_kinds == 0 ? 0 : cli_usage(cli, "--kind is for --scope append");
}

static int read_token(struct cli *cli, const struct opt_args *args, struct access_token *ret) {
    const char *name = args->args[0], *age = opt_text(args, &new_options[N_EXPIRES]);
    uint64_t life = 0;
    *ret = (struct access_token){.created = clock_wall_ns()};
    if (!access_name_ok(bytes_of(name))) {
        return cli_usage(
            cli,
            "'%.80s' is no name of a token; expected 1 to 64 of a-z, 0-9, '.', '_' and '-', and not 'page', which "
            "is the pages' own",
            name);
    }
    if (age != NULL && (text_parse_duration(bytes_of(age), &life) != 0 || life == 0)) {
        return cli_usage(cli, "--expires-in '%.40s' is not a time such as 30d or 12h", age);
    }
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    ret->expires = life > 0 ? ret->created + life : 0;
    int exit_code = read_scopes(cli, args, &ret->scopes);
    return exit_code == 0 ? read_kinds(cli, args, ret) : exit_code;
}

struct making {
    struct ledger *ledger;
    const struct access_token *token;
    struct log_receipt receipt;
    char actor[CLI_ACTOR_MAX];
};

/* The event first: a token that works is a token that is recorded. */
static int make(void *ctx, struct access_tokens *tokens, struct err *err) {
    struct making *m = ctx;
    int rc = access_tokens_add(tokens, m->token, err);
    return rc == 0 ? access_event_token(m->ledger, "access.granted", m->token, m->actor, NULL, &m->receipt, err) : rc;
}

static int say_new(struct cli *cli, const struct making *m, const char *text) {
    struct obj obj = {0};
    if (!cli->json) {
        cli_note(cli, "ledger: token: '%s' is shown once; clients send it as 'Authorization: Bearer TOKEN'",
                 m->token->name);
        out_printf(cli, "%s\n", text);
        return 0;
    }
    obj_text(&obj, "name", m->token->name);
    obj_text(&obj, "token", text);
    obj_uint(&obj, "seq", m->receipt.seq);
    obj_time(&obj, "expires", m->token->expires);
    return cli_print(cli, &obj, true);
}

static int new_token(struct cli *cli, const struct opt_args *args) {
    char text[ACCESS_TEXT];
    struct access_token token;
    struct making m = {.token = &token};
    struct err err = {0};
    int exit_code = read_token(cli, args, &token);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_WRITE, &m.ledger);
    if (exit_code != 0) return exit_code;
    (void)cli_actor(NULL, m.actor);
    access_token_make(text, token.sha256);
    int rc = access_tokens_change(cli->dir, make, &m, &err);
    log_close(m.ledger);
    exit_code = rc == ERR_CONFLICT ? cli_refuse(cli, EXIT_NO, rc, "%s", err.msg)
                : rc != 0          ? cli_fail_input(cli, &err)
                                   : say_new(cli, &m, text);
    crypt_wipe(text, sizeof(text));
    return exit_code;
}

/* ---- revoke ---- */

struct revoking {
    const char *name;
    struct access_token token; /* as it was found */
};

static int revoke_it(void *ctx, struct access_tokens *tokens, struct err *err) {
    struct revoking *r = ctx;
    struct access_token *found = access_tokens_named(tokens, bytes_of(r->name));
    if (found == NULL) return err_set(err, ERR_NOTFOUND, "there is no token '%.80s'", r->name);
    if (found->revoked != 0) return err_set(err, ERR_NOTFOUND, "token '%s' was revoked already", found->name);
    found->revoked = clock_wall_ns();
    r->token = *found;
    return 0;
}

/* The file first: a token that is said to be revoked does not work. */
static int revoke(struct cli *cli, const struct opt_args *args) {
    struct revoking r = {.name = args->args[0]};
    struct ledger *ledger = NULL;
    struct log_receipt receipt;
    char actor[CLI_ACTOR_MAX];
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = access_tokens_change(cli->dir, revoke_it, &r, &err);
    if (rc == 0) {
        rc = access_event_token(ledger, "access.revoked", &r.token, cli_actor(NULL, actor),
                                opt_text(args, &revoke_options[R_REASON]), &receipt, &err);
        if (rc != 0) err_prefix(&err, "token '%s' is revoked, but the event was not written", r.token.name);
    }
    log_close(ledger);
    if (rc == ERR_NOTFOUND) return cli_refuse(cli, EXIT_NO, rc, "%s", err.msg);
    if (rc != 0) return cli_fail_input(cli, &err);
    if (cli->json) return receipt_print(cli, &receipt, NULL);
    out_printf(cli, "token '%s' is revoked (event %llu)\n", r.token.name, (unsigned long long)receipt.seq);
    return 0;
}

/* ---- list ---- */

static const char *state_of(const struct access_token *t, uint64_t now) {
    return t->revoked != 0 ? "revoked" : t->expires != 0 && now >= t->expires ? "expired" : "good";
}

static void scopes_of(const struct access_token *t, struct buf *out) {
    for (size_t i = 0; i < ACCESS_SCOPES; i++) {
        if ((t->scopes & 1u << i) != 0) buf_printf(out, "%s%s", out->n > 0 ? " " : "", access_scope_name(i));
    }
    for (size_t i = 0; i < t->n_kinds; i++) {
        buf_printf(out, "%s%s%s", i == 0 ? " (" : " ", t->kinds[i], i + 1 == t->n_kinds ? ")" : "");
    }
}

static int list_json(struct cli *cli, const struct access_tokens *tokens, uint64_t now) {
    struct obj doc = {0}, list = {0};
    obj_text(&doc, "schema", "ledger.token-list/1");
    for (size_t i = 0; i < tokens->n; i++) {
        const struct access_token *t = &tokens->one[i];
        struct obj one = {0}, scopes = {0}, kinds = {0};
        obj_text(&one, "name", t->name);
        obj_text(&one, "state", state_of(t, now));
        for (size_t bit = 0; bit < ACCESS_SCOPES; bit++) {
            if ((t->scopes & 1u << bit) != 0) obj_text(&scopes, NULL, access_scope_name(bit));
        }
        obj_list(&one, "scopes", &scopes);
        for (size_t j = 0; j < t->n_kinds; j++) {
            obj_text(&kinds, NULL, t->kinds[j]);
        }
        obj_list(&one, "kinds", &kinds);
        obj_hex(&one, "sha256", t->sha256, HASH_LEN);
        obj_time(&one, "created", t->created);
        obj_time(&one, "expires", t->expires == 0 ? UINT64_MAX : t->expires);
        obj_time(&one, "revoked", t->revoked == 0 ? UINT64_MAX : t->revoked);
        obj_obj(&list, NULL, &one);
    }
    obj_list(&doc, "tokens", &list);
    return cli_print(cli, &doc, false);
}

static int list(struct cli *cli, const struct opt_args *args) {
    static const struct table_column columns[] = {{"NAME", TABLE_WHOLE, 0},   {"STATE", TABLE_WHOLE, 0},
                                                  {"SCOPES", 0, 0},           {"CREATED", TABLE_KEEP, 0},
                                                  {"EXPIRES", TABLE_KEEP, 0}, {"SHA-256", TABLE_SPARE, 0}};
    struct access_tokens tokens = {0};
    struct err err = {0};
    uint64_t now = clock_wall_ns();
    char time[TEXT_TIME_MAX], digest[2 * HASH_LEN + 1];
    (void)args;
    int rc = file_exists(cli->dir) ? access_tokens_read(cli->dir, &tokens, &err)
                                   : err_set(&err, ERR_NOTFOUND, "'%s': there is no ledger", cli->dir);
    if (rc != 0) return cli_fail_input(cli, &err);
    int exit_code = 0;
    if (cli->json) {
        exit_code = list_json(cli, &tokens, now);
    } else if (tokens.n == 0) {
        out_str(cli, "there are no tokens; 'ledger token new NAME' makes one\n");
    } else {
        struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
        for (size_t i = 0; i < tokens.n; i++) {
            const struct access_token *t = &tokens.one[i];
            struct buf scopes = {.max = 2048};
            scopes_of(t, &scopes);
            table_text(table, t->name);
            table_text(table, state_of(t, now));
            table_cell(table, bytes_of_buf(&scopes));
            text_time(time, t->created);
            table_text(table, time);
            text_time(time, t->expires);
            table_text(table, t->expires != 0 ? time : "-");
            text_hex(digest, t->sha256, HASH_LEN);
            table_text(table, digest);
            buf_done(&scopes);
        }
        exit_code = table_end(table);
    }
    access_tokens_done(&tokens);
    return exit_code;
}

static const struct spec spec_new = {
    .synopsis = "NAME [--scope SCOPE]... [--kind KIND]... [--expires-in AGE]",
    .about = "Makes a token of 256 random bits and prints it, once: the ledger keeps its SHA-256, in the file\n"
             "tokens.json beside the evidence. The event access.granted is written first. Exit code 1 if the name\n"
             "was used before.",
    .examples = "ledger token new grafana --scope read:states --expires-in 90d\n"
                "ledger token new ci --scope read:events --scope verify\n"
                "ledger token new agent --scope append --kind 'run.*' --kind 'x.acme.*'",
    .opts = new_options,
    .min_args = 1,
    .max_args = 1,
    .run = new_token,
};
static const struct spec spec_revoke = {
    .synopsis = "NAME [--reason TEXT]",
    .about = "Makes a token invalid, for servers that run too, and writes access.revoked. Exit code 1 if there is\n"
             "none of that name, or it was revoked before.",
    .examples = "ledger token revoke ci --reason 'laptop was lost'",
    .opts = revoke_options,
    .min_args = 1,
    .max_args = 1,
    .run = revoke,
};
static const struct spec spec_list = {
    .synopsis = "",
    .about = "Lists tokens: what each may do, and until when. The tokens themselves are not kept.",
    .examples = "ledger token list",
    .run = list,
};

static const struct command subs[] = {
    {"new", "make a token and print it", &spec_new},
    {"list", "list tokens", &spec_list},
    {"revoke", "make a token invalid", &spec_revoke},
    {0},
};

const struct spec spec_token = {
    .synopsis = "new | list | revoke",
    .about = "Tokens for programs that ask 'ledger serve'. People at its pages need none (docs/serve.md).",
    .examples = "ledger token new grafana --scope read:states\nledger token list",
    .subs = subs,
};
