/* The pages of 'ledger serve': HTML made of what commands print as JSON.
 *
 * Sees: guest, and base. No file here does input or output. Begin with page.h, then pages.c.
 *
 *   page     what a page is to the server
 *   document which page a path is, which commands it asks, and the whole document
 *   pages    every page as a table of parts: a command, and how its answer is drawn
 *   part     tables, by the columns that a part names
 *   doctor, event, why, run, log    parts of a form of their own
 *   doc      answers taken apart
 *   html     text, attributes, links: everything that is written passes here and is escaped
 *   files    the style sheet and the script, as they are in share/serve
 *
 * Words. A "part" is one command's answer on a page. "The past" is a page with `at`. */
#ifndef SERVE_PAGES_ROOM_H
#define SERVE_PAGES_ROOM_H

#endif
