// The client of the MCP SDK, through a tap: node sdk.mjs NAME COMMAND... -- calls what the server named NAME is known for, prints
// each answer as a line of JSON, and exits with 0 if all came.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema, CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const [name, command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'sdk-test', version: '1.0' }, { capabilities: { elicitation: {}, sampling: {}, roots: {} } });
client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: {} }));
client.setRequestHandler(CreateMessageRequestSchema, async () => ({
    role: 'assistant', model: 'test-model', stopReason: 'endTurn', content: { type: 'text', text: 'sampled' },
}));
await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
const tools = (await client.listTools()).tools.map((t) => t.name);
console.log(JSON.stringify({ tools }));
const calls = name === 'ledger'
    ? [['why', { what: 'run/r1' }], ['query', { kind: 'run.*', last: 1 }], ['timeline', { what: 'r1' }], ['state', { table: 'runs' }],
       ['doctor', {}], ['verify', {}], ['prove', { seq: 1 }], ['why', { what: 'run/none' }], ['query', { nosuch: 1 }]]
    : name === 'files'
    ? [['read_text_file', { path: process.env.WITHIN + '/a.txt' }], ['read_text_file', { path: '/etc/hostname' }],
       ['write_file', { path: process.env.WITHIN + '/b.txt', content: 'written' }]]
    : [['echo', { message: 'hello' }], ['get-sum', { a: 2, b: 40 }], ['no-such-tool', {}],
       ['trigger-elicitation-request', {}], ['trigger-sampling-request', { prompt: 'hello', maxTokens: 5 }]];
for (const [tool, params] of calls) {
    try {
        const result = await client.callTool({ name: tool, arguments: params });
        console.log(JSON.stringify({ tool, isError: result.isError === true, text: result.content?.[0]?.text }));
    } catch (error) {
        console.log(JSON.stringify({ tool, code: error.code, text: error.message }));
    }
}
if (name === 'ledger') {
    for (const { uri } of (await client.listResources()).resources) {
        console.log(JSON.stringify({ uri, text: (await client.readResource({ uri })).contents[0].text }));
    }
    const templates = (await client.listResourceTemplates()).resourceTemplates;
    console.log(JSON.stringify({ uri: templates[0].uriTemplate, text: (await client.readResource({ uri: 'ledger://run/r1' })).contents[0].text }));
    await client.ping();
}
await client.close();
