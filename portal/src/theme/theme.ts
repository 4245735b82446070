import { Button, Checkbox, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const sea: MantineColorsTuple = [
  "#ebf5f7",
  "#d6eaef",
  "#abd5de",
  "#7cbfcd",
  "#55aabc",
  "#318da1",
  "#1d768b",
  "#0f6378",
  "#0b5165",
  "#083e4e",
];
const buoy: MantineColorsTuple = [
  "#fff2ea",
  "#ffe2d0",
  "#ffc7a5",
  "#ffab78",
  "#f98d50",
  "#e9702f",
  "#d15a1d",
  "#b04714",
  "#8f3a12",
  "#6f2f11",
];
const moss: MantineColorsTuple = [
  "#ecf7ef",
  "#d8eede",
  "#b0dcbd",
  "#85c999",
  "#5fb57a",
  "#429b60",
  "#2f8350",
  "#226a40",
  "#1a5533",
  "#134127",
];
/** What cannot be undone; readable on sand and at night. */
const red: MantineColorsTuple = [
  "#fdeeec",
  "#fbdad6",
  "#f5b3ac",
  "#ee887e",
  "#e76559",
  "#dc4a3d",
  "#c4342a",
  "#b3261e",
  "#931d17",
  "#741612",
];
/** Warm sand takes the place of grey. */
const sand: MantineColorsTuple = [
  "#faf8f4",
  "#f4f0e9",
  "#e9e3d8",
  "#dad2c3",
  "#bdb3a2",
  "#8f8575",
  "#6a6256",
  "#585146",
  "#3f3a33",
  "#292622",
];
/** The harbour at night. */
const night: MantineColorsTuple = [
  "#e4ecef",
  "#c3d0d6",
  "#9db0b9",
  "#728994",
  "#3d535f",
  "#2c404b",
  "#1c2e38",
  "#12212a",
  "#0d1920",
  "#091218",
];

export const theme = createTheme({
  colors: { sea, buoy, moss, red, gray: sand, dark: night },
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.25,
  black: "#1d2a30",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "clamp(1.6rem, 1.2rem + 1.6vw, 2.25rem)", lineHeight: "1.18" },
      h2: { fontSize: "1.3rem", lineHeight: "1.3" },
      h3: { fontSize: "1.06rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "md",
  radius: { xs: "4px", sm: "6px", md: "10px", lg: "16px", xl: "24px" },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // A small box with the usual corners would be a circle, and circles are for "one of these".
    Checkbox: Checkbox.extend({ defaultProps: { radius: "xs" } }),
    // A compact button would have larger letters than the full one beside it.
    Button: Button.extend({
      vars: (_theme, { size }) => ({ root: size === "compact-md" ? { "--button-fz": "var(--mantine-font-size-sm)" } : {} }),
    }),
  },
});

/** Colours that have a meaning here rather than a shade. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#faf8f4",
    "--mantine-color-dimmed": "#625a4f",
    "--mantine-color-placeholder": "#756d60",
    "--mantine-color-error": "#b3261e",
    "--havre-surface": "#ffffff",
    "--havre-sunken": "#f4f0e9",
    "--havre-line": "#e5ded1",
    "--havre-line-strong": "#8f8575",
    "--havre-tide": "#d6eaef",
    "--havre-accent": "#b04714",
    "--havre-good": "#226a40",
    "--havre-busy": "#1d768b",
    "--havre-done": "#2f8350",
  },
  dark: {
    "--mantine-color-body": "#0d1920",
    "--mantine-color-dimmed": "#a9bac2",
    "--mantine-color-placeholder": "#8ba0aa",
    "--mantine-color-error": "#ff9a92",
    "--mantine-color-anchor": "#7cbfcd",
    "--havre-surface": "#14252f",
    "--havre-sunken": "#0f1e27",
    "--havre-line": "#263b46",
    "--havre-line-strong": "#728994",
    "--havre-tide": "#163a47",
    "--havre-accent": "#ffab78",
    "--havre-good": "#85c999",
    "--havre-busy": "#55aabc",
    "--havre-done": "#5fb57a",
  },
});
