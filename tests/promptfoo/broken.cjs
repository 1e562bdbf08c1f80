// A provider that never answers. Its words are none that promptfoo tries again for.
module.exports = class {
    id() {
        return 'broken'
    }
    async callApi() {
        throw new Error('no such model')
    }
}
