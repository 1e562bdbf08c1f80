/* Servers of the Model Context Protocol are found in the forms that agents write, and the tap is put before them and taken away again:
 * byte for byte by the places, and by what stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/edit/json.h"
#include "base/edit/mcp.h"
#include "base/edit/toml.h"
#include "capture/setup/agent.h"
#include "projections/verdict/hooks.h"

static const struct edit_mcp_tap tap = {
    .program = "\"/usr/bin/ledger\"", .words = {"\"-C\"", "\"/srv/b x\"", "\"tap\"", "\"mcp\"", "\"--\""}, .n = 5};
static struct edit_mcp_list list;

static const struct edit_mcp_server *server_of(enum edit_mcp_form form, struct bytes text, const char *table,
                                               const char *name) {
    struct err err = {0};
    if (edit_mcp_read(form, text, table, &list, &err) != 0) {
        fail_msg("%s: %.*s", err.msg, (int)text.n, (const char *)text.p);
    }
    const struct edit_mcp_server *s = edit_mcp_find(&list, name);
    if (s == NULL) fail_msg("no server '%s' in %.*s", name, (int)text.n, (const char *)text.p);
    return s;
}

/* Wraps the server, compares the result if `wanted` is given, and goes back in both ways. */
static void round_trip(enum edit_mcp_form form, struct bytes text, const char *table, const char *name,
                       const char *wanted) {
    static struct edit edit;
    struct err err = {0};
    struct buf left = {.max = EDIT_TEXT_MAX};
    bool made;
    assert_int_equal(edit_init(&edit, text, NULL), 0);
    const struct edit_mcp_server *s = server_of(form, text, table, name);
    assert_int_equal(s->kind, EDIT_MCP_LOCAL);
    assert_int_equal(edit_mcp_state(text, s, &tap), EDIT_MCP_PLAIN);
    assert_int_equal(edit_mcp_wrap(&edit, form, s, &tap, &made, NULL), 0);
    struct bytes wrapped = bytes_of_buf(&edit.text);
    if (wanted != NULL && !bytes_is(wrapped, wanted)) fail_msg("%.*s\n---\n%s", (int)wrapped.n, wrapped.p, wanted);
    s = server_of(form, wrapped, table, name);
    assert_int_equal(edit_mcp_state(wrapped, s, &tap), EDIT_MCP_TAPPED);
    buf_put_bytes(&left, wrapped);
    assert_int_equal(edit_mcp_unwrap(&left, form, table, s, &tap, made, &err), 0);
    if (!bytes_eq(bytes_of_buf(&left), text)) {
        fail_msg("%.*s\n---\n%.*s\n---\n%.*s", (int)text.n, text.p, (int)wrapped.n, wrapped.p, (int)left.n, left.p);
    }
    /* what was there is nowhere in what was inserted */
    assert_null(memmem(edit.inserted.p, edit.inserted.n, "secret", 6));
    assert_int_equal(edit_take_back(&edit, NULL), 0);
    assert_true(bytes_eq(bytes_of_buf(&edit.text), text));
    edit_done(&edit);
    buf_done(&left);
}

#define WORDS  "\"-C\", \"/srv/b x\", \"tap\", \"mcp\", \"--\", "
#define LEDGER "\"/usr/bin/ledger\""

static void each_form_of_a_server_is_wrapped_where_it_stands(void **state) {
    static const struct {
        enum edit_mcp_form form;
        const char *table, *text, *wrapped;
    } forms[] = {
        {EDIT_MCP_JSON, "mcpServers", "{\"mcpServers\": {\"x\": {\"command\": \"npx\", \"args\": [\"-y\", \"secret\"]}}}",
         "{\"mcpServers\": {\"x\": {\"command\": " LEDGER ", \"args\": [" WORDS "\"npx\", \"-y\", \"secret\"]}}}"},
        {EDIT_MCP_JSON, "mcpServers",
         "{\"mcpServers\":{\"x\":{\"args\":[\"a\"],\"env\":{\"K\":\"secret\"},\"command\":\"b\"}}}",
         "{\"mcpServers\":{\"x\":{\"args\":[" WORDS "\"b\", \"a\"],\"env\":{\"K\":\"secret\"},\"command\":" LEDGER "}}}"},
        {EDIT_MCP_JSON, "mcpServers", "{\"mcpServers\":{\"x\":{\"command\":\"secret\"}}}",
         "{\"mcpServers\":{\"x\":{\"command\":" LEDGER ", \"args\": [" WORDS "\"secret\"]}}}"},
        {EDIT_MCP_JSONC, "mcpServers", "{\"mcpServers\":{\"x\":{\"command\":\"b\",\"args\":[ /* none */ ],},},}",
         "{\"mcpServers\":{\"x\":{\"command\":" LEDGER ",\"args\":[" WORDS "\"b\" /* none */ ],},},}"},
        {EDIT_MCP_JSONC, "mcpServers", "{\"mcpServers\":{\"x\":{\"command\":\"b\",\"args\":[\n  \"a\", // a\n]}}}",
         "{\"mcpServers\":{\"x\":{\"command\":" LEDGER ",\"args\":[" WORDS "\"b\",\n  \"a\", // a\n]}}}"},
        {EDIT_MCP_JSONC, "mcp", "{\"mcp\":{\"x\":{\"type\":\"local\",\"command\":[\"bun\",\"secret\"]}}}",
         "{\"mcp\":{\"x\":{\"type\":\"local\",\"command\":[" LEDGER ", " WORDS "\"bun\",\"secret\"]}}}"},
        {EDIT_MCP_JSONC, "mcp", "{\"mcp\":{\"servers\":{\"x\":{\"command\":[\"bun\"]}}}}",
         "{\"mcp\":{\"servers\":{\"x\":{\"command\":[" LEDGER ", " WORDS "\"bun\"]}}}}"},
        {EDIT_MCP_JSON, "mcpServers", "\xef\xbb\xbf{\"mcpServers\":{\"x\":{\"command\":\"b\"}}}", NULL},
        {EDIT_MCP_TOML, "mcp_servers", "[mcp_servers.x]\ncommand = \"npx\" # why\nargs = ['-y', \"secret\"]\n",
         "[mcp_servers.x]\ncommand = " LEDGER " # why\nargs = [" WORDS "\"npx\", '-y', \"secret\"]\n"},
        {EDIT_MCP_TOML, "mcp_servers", "[mcp_servers.x]\r\n  command = 'secret' # why\r\n[t]\r\n",
         "[mcp_servers.x]\r\n  command = " LEDGER "\r\n  args = [" WORDS "'secret'] # why\r\n[t]\r\n"},
        {EDIT_MCP_TOML, "mcp_servers", "[mcp_servers]\nx . command = \"b\"",
         "[mcp_servers]\nx . command = " LEDGER "\nx .args = [" WORDS "\"b\"]"},
        {EDIT_MCP_TOML, "mcp_servers", "mcp_servers.\"x\" = { command = \"b\", env = { K = \"secret\" } }\n",
         "mcp_servers.\"x\" = { command = " LEDGER ", args = [" WORDS "\"b\"], env = { K = \"secret\" } }\n"},
        {EDIT_MCP_TOML, "mcp_servers",
         "[mcp_servers.x]\nargs = [\n  # none\n]\ncommand = \"b\"\n[mcp_servers.x.env]\ncommand = \"c\"\n",
         "[mcp_servers.x]\nargs = [" WORDS "\"b\"\n  # none\n]\ncommand = " LEDGER
         "\n[mcp_servers.x.env]\ncommand = \"c\"\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        round_trip(forms[i].form, bytes_of(forms[i].text), forms[i].table, "x", forms[i].wrapped);
    }
}

/* ---- random documents ---- */

static uint64_t seed = 1;

static unsigned random_below(unsigned n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % n;
}

static void gap(struct buf *out, bool jsonc) {
    static const char *const blanks[] = {"", "", " ", "\n  ", "\r\n\t"};
    static const char *const comments[] = {"// , \"x\": [\n", "/* ] */"};
    buf_put_str(out, blanks[random_below(5)]);
    if (jsonc && random_below(5) == 0) {
        buf_put_str(out, comments[random_below(2)]);
    }
}

static void put_list(struct buf *out, bool jsonc, unsigned least) {
    static const char *const words[] = {"\"-y\"", "\"a\\\"]\"", "\"tap\"", "\"\"", "\"secret # x\""};
    unsigned n = least + random_below(4);
    buf_put_str(out, "[");
    for (unsigned i = 0; i < n; i++) {
        gap(out, jsonc);
        buf_put_str(out, words[random_below(5)]);
        gap(out, jsonc);
        if (i + 1 < n || (jsonc && random_below(3) == 0)) buf_put_str(out, ",");
    }
    if (n == 0) gap(out, jsonc);
    buf_put_str(out, "]");
}

static void put_server(struct buf *out, bool jsonc, bool listed) {
    static const char *const others[] = {"\"env\":{\"args\":\"secret\"}", "\"cwd\" : \"/x\"", "\"type\":\"stdio\""};
    unsigned first = random_below(2), args = listed ? 0 : random_below(4);
    buf_put_str(out, "{");
    gap(out, jsonc);
    for (unsigned i = 0; i < 3; i++) {
        if (i == first) {
            buf_put_str(out, "\"command\":");
            gap(out, jsonc);
            if (listed) {
                put_list(out, jsonc, 1);
            } else {
                buf_put_str(out, "\"np\\\"x\"");
            }
        } else if (i == 1 - first && args > 0) {
            buf_put_str(out, "\"args\":");
            gap(out, jsonc);
            put_list(out, jsonc, 0);
        } else {
            buf_put_str(out, others[i]);
        }
        gap(out, jsonc);
        if (i < 2 || (jsonc && random_below(3) == 0)) buf_put_str(out, ",");
        gap(out, jsonc);
    }
    buf_put_str(out, "}");
}

static void random_servers_in_json_are_wrapped_and_unwrapped(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        bool jsonc = i % 2 == 0, listed = i % 4 == 0;
        const char *table = listed ? "mcp" : "mcpServers";
        struct buf text = {.max = EDIT_TEXT_MAX};
        gap(&text, jsonc);
        buf_printf(&text, "{\"a\":[{}],\"%s\":{", table);
        gap(&text, jsonc);
        buf_put_str(&text, "\"w\":{\"url\":\"u\"},\"x\":");
        put_server(&text, jsonc, listed);
        gap(&text, jsonc);
        buf_put_str(&text, ",\"y\":");
        put_server(&text, jsonc, listed);
        buf_put_str(&text, "}}\n");
        round_trip(jsonc ? EDIT_MCP_JSONC : EDIT_MCP_JSON, bytes_of_buf(&text), table, random_below(2) ? "x" : "y", NULL);
        buf_done(&text);
    }
}

static void random_servers_in_toml_are_wrapped_and_unwrapped(void **state) {
    static const char *const lists[] = {
        NULL, "[]", "[ ]", "['-y']", "[\n  \"a\", # x\n  'b',\n]", "[ \"\"\"a\n\"\"\", \"b\" ]"};
    static const char *const commands[] = {"\"npx\"", "'secret'", "\"a \\\"b\\\"\"", "\"\"\"x\"\"\""};
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        const char *eol = random_below(2) ? "\n" : "\r\n", *args = lists[random_below(6)];
        const char *command = commands[random_below(4)], *comment = random_below(2) ? " # , x" : "";
        struct buf text = {.max = EDIT_TEXT_MAX};
        bool before = random_below(2), stated = random_below(3) > 0, dotted = random_below(2);
        buf_printf(&text, "# c%smodel = \"m\"%s%s[mcp_servers%s]%s", eol, eol, eol, stated && !dotted ? ".x" : "", eol);
        const char *of = stated && dotted ? "x." : "", *indent = random_below(3) == 0 ? "  " : "";
        if (!stated) buf_put_str(&text, "x = {");
        for (unsigned k = 0; k < 2; k++) {
            const char *name = (k == 0) == before ? "args" : "command", *value = name[0] == 'a' ? args : command;
            if (value == NULL) continue;
            if (stated) {
                buf_printf(&text, "%s%s%s = %s%s%s", indent, of, name, value, comment, eol);
            } else {
                buf_printf(&text, "%s%s = %s", text.p[text.n - 1] == '{' ? "" : ", ", name, value);
            }
        }
        if (!stated) buf_printf(&text, "}%s", comment);
        if (random_below(2)) buf_printf(&text, "%s[t]%scommand = \"no\"%s", eol, eol, eol);
        round_trip(EDIT_MCP_TOML, bytes_of_buf(&text), "mcp_servers", "x", NULL);
        buf_done(&text);
    }
}

static void what_somebody_laid_out_anew_is_unwrapped_all_the_same(void **state) {
    static const char wrapped[] =
        "{\n \"mcpServers\": {\n  \"x\": {\n   \"command\": " LEDGER ",\n   \"args\": [\n    \"-C\",\n"
        "    \"/srv/b x\",\n    \"tap\",\n    \"mcp\",\n    \"--\",\n    \"npx\",\n    \"-y\"\n   ]\n  }\n }\n}\n";
    static const char want[] =
        "{\n \"mcpServers\": {\n  \"x\": {\n   \"command\": \"npx\",\n   \"args\": [\n    \"-y\"\n   ]\n  }\n }\n}\n";
    struct buf text = {.max = EDIT_TEXT_MAX};
    (void)state;
    buf_put_str(&text, wrapped);
    const struct edit_mcp_server *s = server_of(EDIT_MCP_JSON, bytes_of(wrapped), "mcpServers", "x");
    assert_int_equal(edit_mcp_state(bytes_of(wrapped), s, &tap), EDIT_MCP_TAPPED);
    assert_int_equal(edit_mcp_unwrap(&text, EDIT_MCP_JSON, "mcpServers", s, &tap, false, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&text), want));
    buf_done(&text);
}

static void what_is_no_command_is_told_apart(void **state) {
    static const struct {
        enum edit_mcp_form form;
        const char *text;
        enum edit_mcp_kind kind;
        enum edit_mcp_state state;
    } servers[] = {
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"url\":\"u\"}}}", EDIT_MCP_REMOTE, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"httpUrl\":\"u\"}}}", EDIT_MCP_REMOTE, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{}}}", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":1}}}", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":[]}}}", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":\"a\",\"args\":{}}}}", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":\"a\",\"args\":[1]}}}", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":\"l\",\"args\":[\"tap\",\"mcp\",\"--\",\"b\"]}}}", EDIT_MCP_LOCAL,
         EDIT_MCP_OTHER},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":\"b\",\"args\":[\"--\",\"tap\",\"mcp\"]}}}", EDIT_MCP_LOCAL,
         EDIT_MCP_PLAIN},
        {EDIT_MCP_JSON, "{\"mcp\":{\"x\":{\"command\":" LEDGER ",\"args\":[" WORDS "\"b\"]}}}", EDIT_MCP_LOCAL,
         EDIT_MCP_TAPPED},
        {EDIT_MCP_TOML, "[mcp.x]\nurl = \"u\"", EDIT_MCP_REMOTE, EDIT_MCP_PLAIN},
        {EDIT_MCP_TOML, "[mcp.x]\ncommand = ['a']", EDIT_MCP_ODD, EDIT_MCP_PLAIN},
        {EDIT_MCP_TOML, "[mcp.x]\ncommand = '/usr/bin/ledger'\nargs = ['-C', '/srv/b x', 'tap', 'mcp', '--', 'b']",
         EDIT_MCP_LOCAL, EDIT_MCP_TAPPED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct bytes text = bytes_of(servers[i].text);
        const struct edit_mcp_server *s = server_of(servers[i].form, text, "mcp", "x");
        assert_int_equal(s->kind, servers[i].kind);
        assert_int_equal(edit_mcp_state(text, s, &tap), servers[i].state);
    }
}

/* ---- settings that agents read, and base/json does not ---- */

static void a_byte_order_mark_big_numbers_and_depth_are_no_faults(void **state) {
    static const char *const path[] = {"b"};
    char deep[2 * 500 + 16] = "{\"a\":";
    struct edit edit;
    size_t existed;
    struct err err;
    (void)state;
    assert_int_equal(edit_json_check(bytes_of("\xef\xbb\xbf{\"a\": 123456789012345678901234567890}"), EDIT_JSON, NULL), 0);
    memset(deep + 5, '[', 500);
    memset(deep + 505, ']', 500);
    deep[1005] = '}';
    assert_int_equal(edit_json_check(bytes_of(deep), EDIT_JSON, NULL), 0);
    char *deeper = calloc(1, 4000);
    assert_non_null(deeper);
    memset(deeper, '[', 3999);
    assert_int_equal(edit_json_check(bytes_of(deeper), EDIT_JSON, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "nested deeper than 512 levels"));
    free(deeper);
    assert_int_equal(edit_toml_check(bytes_of("\xef\xbb\xbf"
                                              "a = 123456789012345678901234567890\n[b]\n"),
                                     NULL),
                     0);
    /* what is inserted is laid out as without the mark */
    assert_int_equal(edit_init(&edit, bytes_of("\xef\xbb\xbf{\n  \"a\": 1\n}\n"), NULL), 0);
    assert_int_equal(edit_json_put(&edit, EDIT_JSON, path, 1, false, "{\"c\":2}", &existed, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&edit.text), "\xef\xbb\xbf{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}\n"));
    edit_done(&edit);
}

static void a_move_is_taken_back(void **state) {
    struct edit edit;
    (void)state;
    for (size_t from = 0; from <= 6; from++) {
        for (size_t n = 0; from + n <= 6; n++) {
            for (size_t at = 0; at <= 6 - n; at++) {
                char want[7] = "abcdef", part[7];
                assert_int_equal(edit_init(&edit, bytes_of("abcdef"), NULL), 0);
                memcpy(part, want + from, n);
                memmove(want + from, want + from + n, 6 - from - n);
                memmove(want + at + n, want + at, 6 - n - at);
                memcpy(want + at, part, n);
                assert_int_equal(edit_move(&edit, from, n, at, NULL), 0);
                assert_memory_equal(edit.text.p, want, 6);
                assert_int_equal(edit_take_back(&edit, NULL), 0);
                assert_memory_equal(edit.text.p, "abcdef", 6);
                edit_done(&edit);
            }
        }
    }
    assert_int_equal(edit_init(&edit, bytes_of("abcdef"), NULL), 0);
    assert_int_equal(edit_move(&edit, 5, 2, 0, NULL), ERR_INVALID);
    assert_int_equal(edit_note_move(&edit, 9, 1, 0, NULL), 0);
    assert_int_equal(edit_take_back(&edit, NULL), ERR_CONFLICT);
    edit_done(&edit);
}

/* projections know by name what setup can connect, without seeing it. */
static void the_doctor_knows_which_agents_setup_can_connect(void **state) {
    (void)state;
    for (size_t i = 0; i < setup_agent_count(); i++) {
        const struct setup_agent *agent = setup_agent_at(i);
        assert_int_equal(verdict_is_connectable(bytes_of(agent->name)), agent->form != SETUP_NONE);
    }
    assert_false(verdict_is_connectable(bytes_of("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_server_is_wrapped_where_it_stands),
        cmocka_unit_test(random_servers_in_json_are_wrapped_and_unwrapped),
        cmocka_unit_test(random_servers_in_toml_are_wrapped_and_unwrapped),
        cmocka_unit_test(what_somebody_laid_out_anew_is_unwrapped_all_the_same),
        cmocka_unit_test(what_is_no_command_is_told_apart),
        cmocka_unit_test(a_byte_order_mark_big_numbers_and_depth_are_no_faults),
        cmocka_unit_test(a_move_is_taken_back),
        cmocka_unit_test(the_doctor_knows_which_agents_setup_can_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
