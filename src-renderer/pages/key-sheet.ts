/** What keys do, for the sheet (?) and the help page. */
export const keySections = [
  {
    title: 'Anywhere',
    keys: [
      ['Ctrl+K', 'Search hosts, VMs and commands'],
      ['/', 'Go to the filter'],
      ['F6', 'Next part of the window'],
      ['Ctrl+J', 'Open or close the tasks'],
      ['?', 'This sheet'],
    ],
  },
  {
    title: 'Tree and board',
    keys: [
      ['Enter', 'Open the page'],
      ['Space', 'Add to or take from the selection'],
      ['Shift+↓', 'Extend the selection'],
      ['Ctrl+A', 'Select all VMs'],
      ['Shift+F10', 'Menu of what may be done'],
      ['F2', 'Change a host’s label, group, tags'],
    ],
  },
  {
    title: 'Moving VMs',
    keys: [
      ['M', 'Move to…'],
      ['Ctrl+X', 'Cut; hosts then show whether they fit'],
      ['Ctrl+V', 'Paste on the host where you are'],
      ['Esc', 'Give up what was cut'],
    ],
  },
  {
    title: 'Plans',
    keys: [
      ['Ctrl+Z', 'Undo the last change of the plan'],
      ['Enter', 'Open a row’s details, when its arrow has the focus'],
    ],
  },
  {
    title: 'Tabs',
    keys: [
      ['←', 'Tab before'],
      ['→', 'Tab after'],
      ['Delete', 'Close the tab'],
    ],
  },
] as const
