/* Edits of settings as they are: where an entry goes into a JSON or TOML document, and how a file is replaced.
 *
 * Sees: base. Begin with splice.h; then json.h and toml.h.
 *
 *   splice   a text and what was inserted into it, which can be taken back byte for byte
 *   scan     places in a JSON document that is known to be valid
 *   json     insertion into JSON; json_drop removes entries from it
 *   toml     the statements of a TOML document
 *   hooks    how many hooks of settings have a command
 *   silence  what keeps them from running
 *   toml_names  names that it defines twice
 *   mcp      servers of the Model Context Protocol, and a tap before them
 *   target   the file: opened without following links, replaced by rename if nobody changed it meanwhile
 */
#ifndef BASE_EDIT_ROOM_H
#define BASE_EDIT_ROOM_H

#endif
