// Builds the page into the Python package; the same source gives the same bytes.
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vite";

const EMPTY = "\0empty";

// Folders of the packages that went into the page or its worker.
const bundled = new Set();

/** Notes what is bundled, of the page and of the worker. */
function noted() {
  return {
    name: "noted",
    moduleParsed({ id }) {
      const found = id.match(/^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//);
      if (found) bundled.add(found[1]);
    },
  };
}

/** Writes the licences of everything that is bundled, as they ask for. */
function thirdParty() {
  return {
    name: "third-party",
    generateBundle() {
      const parts = [...bundled].sort().map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
        const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
        const text = files.sort().map((file) => readFileSync(`${folder}/${file}`, "utf8").trim());
        return `${name} ${version} (${license})\n\n${text.join("\n\n") || "The package has no file of its licence."}\n`;
      });
      const source = ["Software that is part of the viewer, and its licences.\n", ...parts].join(
        `\n${"-".repeat(80)}\n\n`,
      );
      this.emitFile({ type: "asset", fileName: "THIRD_PARTY.txt", source });
    },
  };
}

/** Leaves out codecs of zarrita that are not used: they would be four fifths of the page. */
function without(...names) {
  return {
    name: "without",
    enforce: "pre",
    resolveId: (id) => (names.includes(id) ? EMPTY : undefined),
    load: (id) => (id === EMPTY ? "export default undefined;" : undefined),
  };
}

const common = () => [without("numcodecs/blosc", "numcodecs/lz4", "numcodecs/zstd"), noted()];

export default defineConfig({
  base: "./",
  plugins: [...common(), thirdParty()],
  worker: { format: "es", plugins: common },
  build: {
    outDir: "../lunarcloud/viewer/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: URL of a script or style breaks the policy of the page.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
});
