/* What a permission reaches, as text: whether a scope can be meant at all, and whether a grant of one reaches another.
 *
 * Scopes are compared as they are written: nothing is opened, resolved, decoded or folded. So each must have one way of
 * writing only, and what has more than one (a path with '..', a host in capitals) is a fault: it is not accepted in a
 * grant, grants nothing where an old event has it, and nobody holds it. Where a link leads is judged by whoever opens the
 * file.
 *
 * Which form the scopes of a group have is a table (scope_form_of):
 *
 *   path  filesystem.read, filesystem.write, exec, secrets.read; also a group that is not known
 *   host  network.egress: a name or an address, and a port: api.example.org, api.example.org:443, [2001:db8::1]:443
 *   name  model.invoke, gpu
 *
 * Patterns are those of base/glob.h; their '*' takes '/' too. The empty scope is everything. */
#ifndef LEDGER_KINDS_SCOPE_H
#define LEDGER_KINDS_SCOPE_H

#include "base/bytes.h"
#include "base/err.h"

#define SCOPE_MAX 4000 /* bytes; fewer than a row keeps, so that no scope is judged by a part of it */

enum scope_form { SCOPE_PATH, SCOPE_HOST, SCOPE_NAME };
enum scope_form scope_form_of(struct bytes group);
const char *scope_form_name(enum scope_form form);

/* What is wrong with it, as what follows "it ...": "has a '..' segment"; NULL: nothing. For grants and for what is asked,
 * patterns or not. A static text. */
const char *scope_fault(struct bytes group, struct bytes scope);
/* The same of what a use or a call names: a pattern is a fault too, because it says what may be reached, not what was. */
const char *scope_use_fault(struct bytes group, struct bytes scope);
/* A grant of `pattern` reaches all of `asked`, which may be a pattern or "" too. False where either has a fault, and where
 * one path is absolute and the other is not. */
bool scope_covers(struct bytes group, struct bytes pattern, struct bytes asked);
/* A refusal of `pattern` concerns `asked`, which is of `group`, or, when that is a pattern or "", a part of it. One of a
 * host without a port concerns all its ports. A pattern that is asked for reaches relative or absolute paths, as
 * scope_covers says, and is concerned by refusals of those. Faults do not matter, so that none escapes a refusal. */
bool scope_touches(struct bytes group, struct bytes pattern, struct bytes asked);
/* A grant of `granted` reaches all that a refusal of `refused` concerns: of a host its ports too, and of a path that begins
 * with a wildcard the absolute ones too. May say false where two things together would. */
bool scope_undoes(struct bytes group, struct bytes granted, struct bytes refused);
/* As scope_touches, of all of `asked`. */
bool scope_refuses(struct bytes group, struct bytes pattern, struct bytes asked);
/* A host without its port; a scope of another form as it is. */
struct bytes scope_host(struct bytes group, struct bytes scope);

/* T0 to T3 as 0 to 3; -1: none of them. */
#define TIER_UNKNOWN (-1)
int scope_tier(struct bytes word);

#endif
